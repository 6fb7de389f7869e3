SELECT EXISTS (SELECT 1 FROM webhooks_deliveries WHERE emitter = ?1 AND state = 0)
