SELECT
    e.generation,
    EXISTS (SELECT 1 FROM webhooks_marks AS m WHERE m.emitter = ?1 AND m.unread = 1)
FROM webhooks_leases AS l
LEFT JOIN webhooks_emitters AS e ON e.id = l.emitter
WHERE l.emitter = ?1 AND l.node = ?2 AND l.epoch = ?3
