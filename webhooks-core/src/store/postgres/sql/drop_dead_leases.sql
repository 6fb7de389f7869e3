-- What nodes own that have been dead for a while, and nobody has wanted. A lease that an append holds at this
-- moment is left for the next time.
WITH gone AS MATERIALIZED (
    SELECT n.node
    FROM webhooks.nodes AS n
    WHERE n.dead AND n.lease_until < clock_timestamp() - interval '1 minute'
),
owned AS MATERIALIZED (
    SELECT l.emitter
    FROM gone AS g
    CROSS JOIN LATERAL (
        SELECT o.emitter FROM webhooks.leases AS o WHERE o.node = g.node FOR UPDATE SKIP LOCKED
    ) AS l
    LIMIT $1
)
DELETE FROM webhooks.leases AS l USING owned AS o WHERE l.emitter = o.emitter
RETURNING l.emitter
