SELECT d.message
FROM webhooks_deliveries AS d
JOIN webhooks_messages AS m ON m.message = d.message
WHERE d.seq = ?1 AND d.emitter = ?2 AND d.state <> 0 AND coalesce(d.body, m.body) IS NOT NULL
