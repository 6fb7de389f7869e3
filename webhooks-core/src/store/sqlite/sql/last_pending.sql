SELECT max(seq) FROM webhooks_deliveries WHERE emitter = ?1 AND state = 0
