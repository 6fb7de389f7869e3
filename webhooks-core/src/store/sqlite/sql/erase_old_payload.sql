UPDATE webhooks_messages SET body = NULL
WHERE message = ?1 AND body IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM webhooks_deliveries AS d
        WHERE d.message_id = webhooks_messages.id AND (d.state = 0 OR d.settled_at >= ?2)
    )
