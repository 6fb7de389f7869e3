SELECT
    (SELECT min(message) FROM webhooks_messages),
    (SELECT max(message) FROM webhooks_messages)
