-- Waits for appends that are proven by the old one; those that come later are proven by none.
WITH locked AS MATERIALIZED (
    SELECT l.emitter
    FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
    -- Each by its name, in the order in which they came: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.epoch
        FROM webhooks.leases AS o
        WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $3
        FOR NO KEY UPDATE
    ) AS l
)
UPDATE webhooks.leases AS l SET epoch = nextval('webhooks.epoch')
FROM locked AS k
WHERE l.emitter = k.emitter
