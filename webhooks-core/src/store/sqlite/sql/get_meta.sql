SELECT value FROM webhooks_meta WHERE name = ?1
