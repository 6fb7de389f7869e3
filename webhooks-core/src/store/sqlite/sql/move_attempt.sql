INSERT INTO webhooks_attempts
    (message_id, emitter, started_at, number, duration, status, error_kind, error, url, remote_addr,
    response_truncated, response_headers, response_body)
SELECT
    message_id, emitter, started_at, number, duration, status, error_kind, error, url, remote_addr,
    response_truncated, response_headers, response_body
FROM webhooks_deliveries
WHERE seq = ?1 AND attempt_count > 0
