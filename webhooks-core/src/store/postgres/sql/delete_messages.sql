-- Those of which no deliveries are left.
DELETE FROM webhooks.messages AS m
WHERE m.id = ANY ($1)
    AND NOT EXISTS (SELECT 1 FROM webhooks.deliveries AS d WHERE d.message_id = m.id)
