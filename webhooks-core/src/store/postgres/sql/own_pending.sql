-- What the node owns and has something to do for.
SELECT l.emitter
FROM webhooks.leases AS l
JOIN webhooks.emitters AS e ON e.id = l.emitter AND e.state = 'active'
WHERE l.node = $1 AND EXISTS (
    SELECT 1
    FROM webhooks.deliveries AS d
    WHERE d.emitter = l.emitter AND d.generation = e.generation AND d.state = 0
    -- Asked for each emitter: not to begin with all that is pending.
    OFFSET 0
)
LIMIT $2
