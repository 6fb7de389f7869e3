SELECT id, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size, body, message
FROM webhooks_messages
WHERE id = ?1
