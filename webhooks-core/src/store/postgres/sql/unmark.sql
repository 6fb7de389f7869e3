-- The marks that are seen, where the node is the owner, and no more than are deleted in a moment: what is
-- left brings another load.
WITH mine AS MATERIALIZED (
    SELECT l.emitter
    FROM unnest($1::text[], $2::bigint[]) AS c (emitter, epoch)
    -- Each by its name, in the order in which they came: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.epoch
        FROM webhooks.leases AS o
        WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $3
        FOR SHARE
    ) AS l
)
DELETE FROM webhooks.marks AS m
USING (
    SELECT f.emitter, f.id
    FROM mine AS o
    CROSS JOIN LATERAL (
        SELECT k.emitter, k.id FROM webhooks.marks AS k WHERE k.emitter = o.emitter LIMIT 10000
    ) AS f
) AS seen
WHERE m.emitter = seen.emitter AND m.id = seen.id
