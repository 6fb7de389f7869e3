UPDATE webhooks.messages SET body = NULL WHERE id = $1
