UPDATE webhooks_deliveries SET
    attempts = max(attempts, ?2), attempt_count = attempt_count + 1,
    number = ?2, started_at = ?3, duration = ?4, status = ?5, error_kind = ?6, error = ?7, url = ?8,
    remote_addr = ?9, response_truncated = ?10, response_headers = ?11, response_body = ?12
WHERE seq = ?1
