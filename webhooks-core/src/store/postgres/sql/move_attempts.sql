INSERT INTO webhooks.attempts
    (message_id, emitter, started_at, number, duration, status, error_kind, error, url, remote_addr,
    response_truncated, response_headers, response_body)
SELECT
    d.message_id, d.emitter, d.started_at, d.number, d.duration, d.status, d.error_kind, d.error, d.url,
    d.remote_addr, d.response_truncated, d.response_headers, d.response_body
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS a (message_id, emitter, place)
JOIN webhooks.deliveries AS d ON d.message_id = a.message_id AND d.emitter = a.emitter
WHERE d.attempt_count > 0
ORDER BY a.place
