UPDATE webhooks.version SET value = value + 1
