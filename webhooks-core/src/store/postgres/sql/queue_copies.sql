-- New messages like those of settled deliveries of one emitter, in the order of the list.
WITH settled AS MATERIALIZED (
    SELECT d.message_id, a.id, a.place
    FROM unnest($2::uuid[], $3::bigint[], $4::uuid[]) WITH ORDINALITY AS a (message_id, seq, id, place)
    JOIN webhooks.deliveries AS d
        ON d.message_id = a.message_id AND d.emitter = $1 AND d.seq = a.seq AND d.state > 0
    JOIN webhooks.messages AS m ON m.id = d.message_id AND coalesce(d.body, m.body) IS NOT NULL
    ORDER BY d.message_id
    FOR NO KEY UPDATE OF d FOR SHARE OF m
),
copied AS (
    INSERT INTO webhooks.messages
        (id, block, delivery_hash, event, delivery_id, tenant, ordering_key, trace_parent, created_at,
        size, body)
    SELECT
        s.id, nextval('webhooks.message') / 65536, m.delivery_hash, m.event, m.delivery_id, m.tenant,
        m.ordering_key, m.trace_parent, $7, m.size, m.body
    FROM settled AS s
    JOIN webhooks.messages AS m ON m.id = s.message_id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
placed AS MATERIALIZED (
    SELECT nextval('webhooks.seq') AS seq, s.message_id, s.id
    FROM (
        SELECT f.message_id, f.id
        FROM settled AS f
        JOIN copied AS c ON c.id = f.id
        ORDER BY f.place
    ) AS s
)
INSERT INTO webhooks.deliveries
    (message_id, emitter, seq, generation, key_hash, state, attempts, attempts_since_queued, due,
    attempt_count, body)
SELECT p.id, $1, p.seq, $5, d.key_hash, 0, 0, 0, $6, 0, d.body
FROM placed AS p
JOIN webhooks.deliveries AS d ON d.message_id = p.message_id AND d.emitter = $1
