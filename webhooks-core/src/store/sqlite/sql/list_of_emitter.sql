SELECT
    d.seq, d.message_id, d.emitter, m.event, m.delivery_id, m.tenant, m.ordering_key, d.state, d.reason,
    d.attempt_count, m.created_at, d.due, d.settled_at, d.status, d.error_kind, d.error
FROM webhooks_deliveries AS d INDEXED BY webhooks_deliveries_emitter
JOIN webhooks_messages AS m ON m.message = d.message
WHERE d.emitter = ?3 AND d.message_id BETWEEN ?1 AND ?2
ORDER BY d.message_id DESC
