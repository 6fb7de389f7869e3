-- Waits for appends that are proven by the old one; those that come later are proven by none.
WITH locked AS MATERIALIZED (
    SELECT l.emitter
    FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
    JOIN webhooks.leases AS l ON l.emitter = c.emitter AND l.epoch = c.epoch
    WHERE l.node = $3
    ORDER BY l.emitter
    FOR NO KEY UPDATE OF l
)
UPDATE webhooks.leases AS l SET epoch = nextval('webhooks.epoch')
FROM locked AS k
WHERE l.emitter = k.emitter
