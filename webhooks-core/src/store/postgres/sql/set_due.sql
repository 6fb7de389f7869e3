UPDATE webhooks.deliveries SET due = $3 WHERE message_id = $1 AND emitter = $2
