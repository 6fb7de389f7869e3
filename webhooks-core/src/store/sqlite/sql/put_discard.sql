INSERT INTO webhooks_discards (emitter, seq, reason, discarded_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (emitter, seq) DO NOTHING
