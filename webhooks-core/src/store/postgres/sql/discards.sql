-- What is being discarded, in an order in which the smallest generation above a delivery's comes first;
-- and what is to be done about it: something is pending, its time has come for a fence, or nobody can know
-- an older generation any more.
SELECT
    d.emitter, d.generation, d.reason, d.discarded_at,
    EXISTS (
        SELECT 1
        FROM webhooks.deliveries AS p
        WHERE p.emitter = d.emitter AND p.generation < d.generation AND p.state = 0
    ),
    d.fence IS NULL AND d.created_at < clock_timestamp() - interval '60 seconds',
    coalesce(d.fence < pg_snapshot_xmin(pg_current_snapshot()), false)
FROM webhooks.discards AS d
WHERE $1::text IS NULL OR d.emitter = $1
ORDER BY d.emitter, d.generation
LIMIT 1000
