-- Messages from the oldest on, with the time at which the last of their deliveries settled, whose payload may
-- be there.
SELECT
    m.id,
    (
        SELECT max(coalesce(d.settled_at, 9223372036854775807))
        FROM webhooks.deliveries AS d
        WHERE d.message_id = m.id
    ),
    m.body IS NULL
FROM webhooks.messages AS m
WHERE m.id > $1 AND m.id <= $2
ORDER BY m.id
LIMIT $3
