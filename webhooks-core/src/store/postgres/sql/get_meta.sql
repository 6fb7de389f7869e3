SELECT value FROM webhooks.meta WHERE name = $1
