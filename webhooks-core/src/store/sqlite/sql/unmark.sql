DELETE FROM webhooks_marks WHERE emitter = ?1
