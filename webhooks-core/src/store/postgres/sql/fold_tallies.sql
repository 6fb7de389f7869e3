-- Whatever another process is adding up at this moment is left to it.
WITH gone AS (
    DELETE FROM webhooks.tallies
    WHERE ctid IN (SELECT ctid FROM webhooks.tallies LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING hour, emitters, pending, delivered, dead, discarded
),
added AS (
    INSERT INTO webhooks.counters AS c (emitter, hour, pending, delivered, dead, discarded)
    SELECT
        t.emitter COLLATE "C", g.hour, sum(coalesce(t.pending, 0)), sum(coalesce(t.delivered, 0)),
        sum(coalesce(t.dead, 0)), sum(coalesce(t.discarded, 0))
    FROM gone AS g
    CROSS JOIN LATERAL unnest(g.emitters, g.pending, g.delivered, g.dead, g.discarded)
        AS t (emitter, pending, delivered, dead, discarded)
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (emitter, hour) DO UPDATE SET
        pending = c.pending + excluded.pending,
        delivered = c.delivered + excluded.delivered,
        dead = c.dead + excluded.dead,
        discarded = c.discarded + excluded.discarded
)
SELECT count(*) FROM gone
