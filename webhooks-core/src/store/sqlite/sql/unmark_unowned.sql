DELETE FROM webhooks_marks WHERE emitter = ?1 AND unread = 0
