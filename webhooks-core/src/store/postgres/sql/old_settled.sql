-- Deliveries from the oldest message on, to find those that settled long ago.
SELECT message_id, emitter, settled_at
FROM webhooks.deliveries
WHERE (message_id, emitter) > ($1, $2) AND message_id <= $3
ORDER BY message_id, emitter
LIMIT $4
