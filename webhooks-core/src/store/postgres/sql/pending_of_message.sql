SELECT emitter FROM webhooks.deliveries WHERE message_id = $1 AND state < 1 ORDER BY emitter
