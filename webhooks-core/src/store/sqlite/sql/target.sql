SELECT
    e.generation,
    l.node,
    l.epoch,
    EXISTS (SELECT 1 FROM webhooks_marks AS m WHERE m.emitter = ?1 AND m.unread = 1)
FROM (SELECT 1)
LEFT JOIN webhooks_emitters AS e ON e.id = ?1
LEFT JOIN webhooks_leases AS l ON l.emitter = ?1
