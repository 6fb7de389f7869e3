DELETE FROM webhooks_counters WHERE emitter = ?1 AND hour = ?2
