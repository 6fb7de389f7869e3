-- A part, in the order in which they were settled: the latest is in the delivery's row.
SELECT number, started_at, duration, status, error_kind, error, url, remote_addr, response_truncated,
    response_headers, response_body, place
FROM webhooks.attempts
WHERE message_id = $1 AND emitter = $2 AND place > $3
UNION ALL
SELECT number, started_at, duration, status, error_kind, error, url, remote_addr, response_truncated,
    response_headers, response_body, 9223372036854775807
FROM webhooks.deliveries
WHERE message_id = $1 AND emitter = $2 AND attempt_count > 0
ORDER BY place
LIMIT $4
