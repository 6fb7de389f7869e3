SELECT value FROM webhooks.version
