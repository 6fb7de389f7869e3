SELECT EXISTS (
    SELECT 1 FROM webhooks.deliveries WHERE emitter = $1 AND generation = $2 AND state = 0
)
