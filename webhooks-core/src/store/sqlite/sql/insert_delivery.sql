INSERT INTO webhooks_deliveries
    (seq, message, message_id, emitter, generation, key_hash, state, reason, due, settled_at,
    attempts, attempts_since_queued, attempt_count)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 0)
