SELECT id FROM webhooks_emitters
