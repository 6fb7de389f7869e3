UPDATE webhooks.deliveries SET body = NULL WHERE message_id = ANY ($1) AND body IS NOT NULL
