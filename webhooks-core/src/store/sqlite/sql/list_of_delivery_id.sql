SELECT
    d.seq, d.message_id, d.emitter, m.event, m.delivery_id, m.tenant, m.ordering_key, d.state, d.reason,
    d.attempt_count, m.created_at, d.due, d.settled_at, d.status, d.error_kind, d.error
FROM webhooks_messages AS m INDEXED BY webhooks_messages_delivery_id
JOIN webhooks_deliveries AS d ON d.message_id = m.id
WHERE m.delivery_id = ?3 AND m.id BETWEEN ?1 AND ?2
ORDER BY m.id DESC, d.emitter
