INSERT INTO webhooks_messages
    (message, block, delivery_hash, id, event, delivery_id, tenant, ordering_key, trace_parent,
    created_at, size, body)
SELECT ?2, ?3, m.delivery_hash, ?4, m.event, m.delivery_id, m.tenant, m.ordering_key, m.trace_parent,
    ?5, m.size, m.body
FROM webhooks_messages AS m
WHERE m.message = ?1
ON CONFLICT (id) DO NOTHING
