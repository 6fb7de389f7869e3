-- What of an emitter may be replayed is among these, looked through from one message ID to another.
SELECT d.seq, d.message_id, d.state, m.created_at, d.body IS NULL AND m.body IS NULL
FROM webhooks.deliveries AS d
JOIN webhooks.messages AS m ON m.id = d.message_id
WHERE d.emitter = $1 AND d.message_id > $2 AND d.message_id <= $3
ORDER BY d.emitter, d.message_id
LIMIT $4
