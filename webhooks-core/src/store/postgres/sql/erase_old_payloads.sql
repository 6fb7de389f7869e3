UPDATE webhooks.messages AS m SET body = NULL
WHERE m.id = ANY ($1) AND m.body IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM webhooks.deliveries AS d
        WHERE d.message_id = m.id AND (d.state = 0 OR d.settled_at >= $2)
    )
RETURNING m.id
