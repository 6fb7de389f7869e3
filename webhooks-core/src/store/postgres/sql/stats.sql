-- One snapshot: what is added up meanwhile is neither missed nor counted twice. Those that are detached are
-- counted together, under no name.
SELECT
    e.id, s.hour, sum(s.pending)::bigint, sum(s.delivered)::bigint, sum(s.dead)::bigint,
    sum(s.discarded)::bigint
FROM (
    SELECT c.emitter, c.hour, c.pending, c.delivered, c.dead, c.discarded
    FROM webhooks.counters AS c
    UNION ALL
    SELECT
        t.emitter, g.hour, coalesce(t.pending, 0), coalesce(t.delivered, 0), coalesce(t.dead, 0),
        coalesce(t.discarded, 0)
    FROM webhooks.tallies AS g
    CROSS JOIN LATERAL unnest(g.emitters, g.pending, g.delivered, g.dead, g.discarded)
        AS t (emitter, pending, delivered, dead, discarded)
) AS s
LEFT JOIN webhooks.emitters AS e ON e.id = s.emitter COLLATE "C"
GROUP BY e.id, s.hour
