SELECT emitter, seq, reason, discarded_at FROM webhooks_discards ORDER BY emitter, seq LIMIT 1
