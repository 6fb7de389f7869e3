-- The usual case: the first attempt of a delivery that nothing happened to meanwhile.
UPDATE webhooks_deliveries SET
    state = ?4, reason = ?5, settled_at = ?6,
    attempts = ?7, attempts_since_queued = ?8, first_attempt_at = ?9, due = coalesce(?10, due),
    attempt_count = 1, number = ?11, started_at = ?12, duration = ?13, status = ?14,
    error_kind = ?15, error = ?16, url = ?17, remote_addr = ?18, response_truncated = ?19,
    response_headers = ?20, response_body = ?21
WHERE seq = ?1 AND message_id = ?2 AND generation = ?3 AND state = 0 AND attempt_count = 0
