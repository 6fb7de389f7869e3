-- Messages from the oldest on whose payload is there.
SELECT
    m.message, m.id,
    (SELECT max(coalesce(d.settled_at, 9223372036854775807)) FROM webhooks_deliveries AS d WHERE d.message_id = m.id),
    m.body IS NULL
FROM webhooks_messages AS m
WHERE m.id > ?1 AND m.id <= ?2
ORDER BY m.id
LIMIT ?3
