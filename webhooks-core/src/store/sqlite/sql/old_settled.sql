-- Deliveries from the oldest message on, to find those that settled long ago.
SELECT seq, message, message_id, emitter, state, settled_at
FROM webhooks_deliveries
WHERE (message_id, emitter) > (?1, ?2) AND message_id <= ?3
ORDER BY message_id, emitter
LIMIT ?4
