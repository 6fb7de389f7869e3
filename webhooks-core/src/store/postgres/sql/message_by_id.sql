SELECT id, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size, body
FROM webhooks.messages
WHERE id = $1
