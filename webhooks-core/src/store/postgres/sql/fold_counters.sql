-- Adds up the counts of hours that need not be told apart any more, and of emitters that are detached. None
-- that is added to is among those that are deleted.
WITH
old AS MATERIALIZED (
    SELECT c.emitter, c.hour
    FROM webhooks.counters AS c
    LEFT JOIN webhooks.emitters AS e ON e.id = c.emitter
    WHERE (c.hour BETWEEN 1 AND $1 - 1) OR (e.id IS NULL AND c.emitter <> '')
    ORDER BY c.emitter, c.hour
    LIMIT $2
    FOR UPDATE OF c
),
gone AS (
    DELETE FROM webhooks.counters AS c
    USING old AS o
    WHERE c.emitter = o.emitter AND c.hour = o.hour
    RETURNING c.emitter, c.hour, c.pending, c.delivered, c.dead, c.discarded
),
added AS (
    INSERT INTO webhooks.counters AS c (emitter, hour, pending, delivered, dead, discarded)
    SELECT
        coalesce(e.id, ''), CASE WHEN g.hour < $1 THEN 0 ELSE g.hour END, sum(g.pending),
        sum(g.delivered), sum(g.dead), sum(g.discarded)
    FROM gone AS g
    LEFT JOIN webhooks.emitters AS e ON e.id = g.emitter
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (emitter, hour) DO UPDATE SET
        pending = c.pending + excluded.pending,
        delivered = c.delivered + excluded.delivered,
        dead = c.dead + excluded.dead,
        discarded = c.discarded + excluded.discarded
)
SELECT count(*) FROM gone
