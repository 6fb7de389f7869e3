-- What the node owns of these, and goes on owning until the commit.
SELECT l.emitter, l.epoch, e.generation
FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
-- Each by its name, in the order in which they came: the node may own many more.
CROSS JOIN LATERAL (
    SELECT o.emitter, o.epoch
    FROM webhooks.leases AS o
    WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $3
    FOR SHARE
) AS l
LEFT JOIN webhooks.emitters AS e ON e.id = l.emitter
