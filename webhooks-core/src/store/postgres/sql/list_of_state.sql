-- A part, behind the delivery of a message to an emitter. In the order of the index first, so that no more
-- is sorted than comes.
SELECT
    d.seq, d.message_id, d.emitter, m.event, m.delivery_id, m.tenant, m.ordering_key, d.state, d.reason,
    d.attempt_count, m.created_at, d.due, d.settled_at, d.status, d.error_kind, d.error
FROM (
    SELECT f.*
    FROM (
        SELECT
            d.seq, d.message_id, d.emitter, d.state, d.reason, d.attempt_count, d.due, d.settled_at, d.status,
            d.error_kind, d.error
        FROM webhooks.deliveries AS d
        WHERE d.state = $4 AND d.state IN (2, 3) AND d.message_id BETWEEN $1 AND $2
            AND (d.message_id < $2 OR d.emitter > $3)
        ORDER BY d.message_id DESC
        FETCH FIRST 500 ROWS WITH TIES
    ) AS f
    ORDER BY f.message_id DESC, f.emitter
    LIMIT 500
) AS d
JOIN webhooks.messages AS m ON m.id = d.message_id
ORDER BY d.message_id DESC, d.emitter
