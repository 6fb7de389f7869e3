DELETE FROM webhooks.marks WHERE emitter = $1
