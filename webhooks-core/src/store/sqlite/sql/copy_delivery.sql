INSERT INTO webhooks_deliveries
    (seq, message, message_id, emitter, generation, key_hash, state, due, attempts,
    attempts_since_queued, attempt_count, body)
SELECT ?2, ?3, ?4, d.emitter, ?5, d.key_hash, 0, ?6, 0, 0, 0, d.body
FROM webhooks_deliveries AS d
WHERE d.seq = ?1
