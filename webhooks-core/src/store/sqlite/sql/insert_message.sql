INSERT INTO webhooks_messages
    (id, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO NOTHING
