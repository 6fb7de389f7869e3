SELECT seq, message, key_hash, attempts, attempts_since_queued, first_attempt_at, due, body
FROM webhooks_deliveries
WHERE emitter = ?1 AND state = 0 AND seq > ?2 AND generation = ?3
ORDER BY seq
