DELETE FROM webhooks_leases WHERE emitter = ?1
