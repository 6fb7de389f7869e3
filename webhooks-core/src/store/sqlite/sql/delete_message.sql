DELETE FROM webhooks_messages
WHERE message = ?1
    AND NOT EXISTS (SELECT 1 FROM webhooks_deliveries AS d WHERE d.message_id = webhooks_messages.id)
