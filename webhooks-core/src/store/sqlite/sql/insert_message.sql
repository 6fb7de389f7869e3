INSERT INTO webhooks_messages
    (message, block, delivery_hash, id, event, delivery_id, tenant, ordering_key, trace_parent,
    created_at, size, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO NOTHING
