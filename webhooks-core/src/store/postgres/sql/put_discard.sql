INSERT INTO webhooks.discards (emitter, generation, reason, discarded_at) VALUES ($1, $2, $3, $4)
