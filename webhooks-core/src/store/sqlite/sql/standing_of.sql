-- Where a delivery stands, to decide on what happens to it.
SELECT
    d.seq, d.generation, d.state, d.reason, d.number, d.started_at,
    d.message, coalesce(d.body, m.body) IS NULL, m.created_at
FROM webhooks_deliveries AS d
JOIN webhooks_messages AS m ON m.message = d.message
WHERE d.message_id = ?1 AND d.emitter = ?2
