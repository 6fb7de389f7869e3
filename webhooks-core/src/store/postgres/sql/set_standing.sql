UPDATE webhooks.deliveries SET state = $3, reason = $4, settled_at = $5
WHERE message_id = $1 AND emitter = $2
