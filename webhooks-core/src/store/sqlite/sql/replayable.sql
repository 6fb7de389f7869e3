-- What of an emitter may be replayed is among these, looked through from one message ID to another.
SELECT d.seq, d.message_id, d.state, m.created_at, d.body IS NULL AND m.body IS NULL
FROM webhooks_deliveries AS d INDEXED BY webhooks_deliveries_emitter
JOIN webhooks_messages AS m ON m.message = d.message
WHERE d.emitter = ?1 AND d.message_id > ?2 AND d.message_id <= ?3
ORDER BY d.message_id
LIMIT ?4
