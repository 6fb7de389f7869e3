-- An append that is proven by one of these leases is waited for.
WITH locked AS MATERIALIZED (
    SELECT l.emitter
    FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
    JOIN webhooks.leases AS l ON l.emitter = c.emitter AND l.epoch = c.epoch
    WHERE l.node = $3
    ORDER BY l.emitter
    FOR UPDATE OF l
)
DELETE FROM webhooks.leases AS l USING locked AS k WHERE l.emitter = k.emitter
RETURNING l.emitter
