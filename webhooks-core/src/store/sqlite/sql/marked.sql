-- Active emitters that have something pending and no owner, and those of this node's own with
-- something that it may not know.
SELECT m.emitter, l.node IS NOT NULL
FROM webhooks_marks AS m
JOIN webhooks_emitters AS e ON e.id = m.emitter AND e.state = 'active'
LEFT JOIN webhooks_leases AS l ON l.emitter = m.emitter
WHERE l.node IS NULL OR (l.node = ?1 AND m.unread = 1)
ORDER BY m.emitter
LIMIT ?2
