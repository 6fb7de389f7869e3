-- From the latest block on. In the order in which they were stored messages are nearly in that of their
-- IDs, not quite.
SELECT f.id
FROM (
    SELECT
        (SELECT min(m.block) FROM webhooks.messages AS m) AS first,
        (SELECT max(m.block) FROM webhooks.messages AS m) AS last
) AS ends
CROSS JOIN LATERAL generate_series(ends.last, ends.first, -1) AS b (block)
CROSS JOIN LATERAL (
    SELECT m.id
    FROM webhooks.messages AS m
    WHERE m.block = b.block AND m.delivery_hash = $1 AND m.delivery_id = $2 AND m.id BETWEEN $3 AND $4
    LIMIT $5
) AS f
ORDER BY f.id DESC
LIMIT $5
