-- Settled deliveries of one emitter, behind all others, in the order of the list; locked before their
-- places are drawn, and left out where they are not settled any more.
WITH settled AS MATERIALIZED (
    SELECT d.message_id, a.place
    FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS a (message_id, seq, place)
    JOIN webhooks.deliveries AS d
        ON d.message_id = a.message_id AND d.emitter = $1 AND d.seq = a.seq AND d.state > 0
    JOIN webhooks.messages AS m ON m.id = d.message_id AND coalesce(d.body, m.body) IS NOT NULL
    ORDER BY d.message_id
    FOR NO KEY UPDATE OF d FOR SHARE OF m
),
placed AS MATERIALIZED (
    SELECT nextval('webhooks.seq') AS seq, s.message_id
    FROM (SELECT message_id FROM settled ORDER BY place) AS s
)
UPDATE webhooks.deliveries AS d SET
    seq = p.seq, generation = $4, due = $5,
    state = 0, reason = NULL, settled_at = NULL,
    attempts_since_queued = 0, first_attempt_at = NULL
FROM placed AS p
WHERE d.message_id = p.message_id AND d.emitter = $1
