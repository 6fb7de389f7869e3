UPDATE webhooks_deliveries SET
    attempts = ?2, attempts_since_queued = ?3, first_attempt_at = ?4, due = ?5
WHERE seq = ?1
