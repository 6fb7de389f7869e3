DELETE FROM webhooks_leases WHERE emitter = ?1 AND node = ?2 AND epoch = ?3
