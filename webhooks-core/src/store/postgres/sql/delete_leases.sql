-- An append that is proven by one of these leases is waited for.
WITH locked AS MATERIALIZED (
    SELECT l.emitter
    FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
    -- Each by its name, in the order in which they came: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.epoch
        FROM webhooks.leases AS o
        WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $3
        FOR UPDATE
    ) AS l
)
DELETE FROM webhooks.leases AS l USING locked AS k WHERE l.emitter = k.emitter
RETURNING l.emitter
