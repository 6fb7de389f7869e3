SELECT name, value FROM webhooks_sequences
