-- In the order asked for. What is pending is counted, in one snapshot, from what is added up and what is
-- not yet.
WITH asked AS MATERIALIZED (
    SELECT a.id, a.place FROM unnest($1::text[]) WITH ORDINALITY AS a (id, place)
),
tallied AS MATERIALIZED (
    SELECT l.emitter, sum(l.pending) AS pending
    FROM webhooks.tallies AS t
    CROSS JOIN LATERAL unnest(t.emitters, t.pending) AS l (emitter, pending)
    GROUP BY l.emitter
)
SELECT
    coalesce(e.failures, 0), e.cooling_until, e.failing_since,
    (
        coalesce((SELECT sum(c.pending) FROM webhooks.counters AS c WHERE c.emitter = e.id), 0)
        + coalesce((SELECT t.pending FROM tallied AS t WHERE t.emitter = e.id), 0)
    )::bigint,
    (
        SELECT m.created_at
        FROM webhooks.deliveries AS d
        JOIN webhooks.messages AS m ON m.id = d.message_id
        WHERE d.emitter = e.id AND d.generation = e.generation AND d.state = 0
        ORDER BY d.emitter, d.generation, d.seq
        LIMIT 1
    ),
    e.id IS NOT NULL
FROM asked AS a
LEFT JOIN webhooks.emitters AS e ON e.id = a.id
ORDER BY a.place
