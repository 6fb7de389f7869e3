SELECT number, started_at, duration, status, error_kind, error, url, remote_addr, response_truncated,
    response_headers, response_body
FROM webhooks_attempts
WHERE message_id = ?1 AND emitter = ?2
UNION ALL
SELECT number, started_at, duration, status, error_kind, error, url, remote_addr, response_truncated,
    response_headers, response_body
FROM webhooks_deliveries
WHERE message_id = ?1 AND emitter = ?2 AND attempt_count > 0
ORDER BY started_at, number
