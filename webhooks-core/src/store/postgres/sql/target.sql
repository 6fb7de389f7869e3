SELECT
    (SELECT e.generation FROM webhooks.emitters AS e WHERE e.id = $1),
    EXISTS (SELECT 1 FROM webhooks.leases AS l WHERE l.emitter = $1)
