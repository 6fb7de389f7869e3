SELECT
    d.seq, d.message_id, d.emitter, m.event, m.delivery_id, m.tenant, m.ordering_key, d.state, d.reason,
    d.attempt_count, m.created_at, d.due, d.settled_at, d.status, d.error_kind, d.error
FROM webhooks_deliveries AS d
JOIN webhooks_messages AS m ON m.message = d.message
WHERE d.message_id = ?1 AND d.emitter = ?2
