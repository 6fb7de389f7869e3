DELETE FROM webhooks_discards WHERE emitter = ?1 AND seq = ?2
