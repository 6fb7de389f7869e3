DELETE FROM webhooks_attempts WHERE message_id = ?1 AND emitter = ?2
