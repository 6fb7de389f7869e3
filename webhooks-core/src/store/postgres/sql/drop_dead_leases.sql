-- What nodes own that have been dead for long. A lease that an append holds at this moment is left for the
-- next time.
DELETE FROM webhooks.leases
WHERE emitter IN (
    SELECT l.emitter
    FROM webhooks.nodes AS n
    JOIN webhooks.leases AS l ON l.node = n.node
    WHERE n.dead AND n.lease_until < clock_timestamp() - interval '1 hour'
    ORDER BY l.emitter
    LIMIT $1
    FOR UPDATE OF l SKIP LOCKED
)
RETURNING emitter
