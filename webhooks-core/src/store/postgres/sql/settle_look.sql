SELECT
    a.place, d.seq, d.generation, d.state, d.reason, d.number, d.started_at,
    EXISTS (
        SELECT 1
        FROM webhooks.attempts AS t
        WHERE t.message_id = a.message_id AND t.emitter = a.emitter
            AND t.started_at = a.started_at AND t.number = a.number
    )
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::integer[])
    WITH ORDINALITY AS a (message_id, emitter, started_at, number, place)
JOIN webhooks.deliveries AS d ON d.message_id = a.message_id AND d.emitter = a.emitter
ORDER BY d.message_id, d.emitter
FOR NO KEY UPDATE OF d
