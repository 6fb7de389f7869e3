-- A delivery and its message.
SELECT
    d.seq, d.message_id, d.emitter, m.event, m.delivery_id, m.tenant, m.ordering_key, d.state, d.reason,
    d.attempt_count, m.created_at, d.due, d.settled_at, d.status, d.error_kind, d.error,
    m.id, m.event, m.delivery_id, m.tenant, m.ordering_key, m.trace_parent, m.created_at, m.size, m.body
FROM webhooks.deliveries AS d
JOIN webhooks.messages AS m ON m.id = d.message_id
WHERE d.message_id = $1 AND d.emitter = $2
