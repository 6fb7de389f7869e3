SELECT emitter, seq, reason, discarded_at FROM webhooks_discards
WHERE emitter = ?1
ORDER BY seq
LIMIT 1
