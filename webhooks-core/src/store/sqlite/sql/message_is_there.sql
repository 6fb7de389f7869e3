SELECT EXISTS (SELECT 1 FROM webhooks_messages WHERE id = ?1)
