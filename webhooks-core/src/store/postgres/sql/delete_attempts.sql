DELETE FROM webhooks.attempts AS t
USING unnest($1::uuid[], $2::text[]) AS a (message_id, emitter)
WHERE t.message_id = a.message_id AND t.emitter = a.emitter
