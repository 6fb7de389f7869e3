UPDATE webhooks_messages SET body = NULL WHERE message = ?1
