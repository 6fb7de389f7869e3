SELECT l.emitter, e.id IS NULL
FROM webhooks_leases AS l
LEFT JOIN webhooks_emitters AS e ON e.id = l.emitter
WHERE l.node = ?1
ORDER BY l.emitter
