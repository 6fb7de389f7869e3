SELECT value FROM webhooks_sequences WHERE name = 'version'
