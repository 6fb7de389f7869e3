SELECT id, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size, body
FROM webhooks_messages
WHERE message = ?1
