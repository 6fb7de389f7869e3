-- What the node owns and has something to do for. Asked for each emitter: not to begin with all that is
-- pending.
SELECT l.emitter
FROM webhooks.leases AS l
CROSS JOIN LATERAL (
    SELECT e.generation FROM webhooks.emitters AS e WHERE e.id = l.emitter AND e.state = 'active' OFFSET 0
) AS e
WHERE l.node = $1 AND EXISTS (
    SELECT 1
    FROM webhooks.deliveries AS d
    WHERE d.emitter = l.emitter AND d.generation = e.generation AND d.state = 0
    OFFSET 0
)
LIMIT $2
