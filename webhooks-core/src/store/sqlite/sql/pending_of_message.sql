SELECT seq, emitter FROM webhooks_deliveries WHERE message_id = ?1 AND state = 0
