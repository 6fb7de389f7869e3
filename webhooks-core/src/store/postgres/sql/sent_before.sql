-- The deliveries of messages that were sent before.
SELECT message_id, emitter, seq, state, reason
FROM webhooks.deliveries
WHERE message_id = ANY ($1)
