UPDATE webhooks_deliveries SET
    seq = ?2, generation = ?3, due = ?4,
    state = 0, reason = NULL, settled_at = NULL,
    attempts_since_queued = 0, first_attempt_at = NULL
WHERE seq = ?1
