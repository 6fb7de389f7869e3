-- Where a delivery stands, to decide on what happens to it; locked up to the commit, and so is its payload.
SELECT
    d.seq, d.generation, d.state, d.reason, coalesce(d.body, m.body) IS NULL,
    (SELECT e.generation FROM webhooks.emitters AS e WHERE e.id = d.emitter)
FROM webhooks.deliveries AS d
JOIN webhooks.messages AS m ON m.id = d.message_id
WHERE d.message_id = $1 AND d.emitter = $2
FOR NO KEY UPDATE OF d FOR SHARE OF m
