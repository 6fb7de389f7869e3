DELETE FROM webhooks.discards WHERE emitter = $1 AND generation = $2
