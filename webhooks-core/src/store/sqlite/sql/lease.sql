SELECT e.state, e.failures, e.cooling_until, e.failing_since, l.node, l.epoch
FROM webhooks_emitters AS e
LEFT JOIN webhooks_leases AS l ON l.emitter = e.id
WHERE e.id = ?1
