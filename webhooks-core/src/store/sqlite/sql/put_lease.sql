INSERT INTO webhooks_leases (emitter, node, epoch) VALUES (?1, ?2, ?3)
ON CONFLICT (emitter) DO UPDATE SET node = excluded.node, epoch = excluded.epoch
