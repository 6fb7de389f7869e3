-- What somebody changes at this moment is passed over.
WITH old AS MATERIALIZED (
    SELECT d.message_id, d.emitter
    FROM unnest($1::uuid[], $2::text[]) AS a (message_id, emitter)
    JOIN webhooks.deliveries AS d ON d.message_id = a.message_id AND d.emitter = a.emitter
    WHERE d.state <> 0 AND d.settled_at < $3
    ORDER BY d.message_id, d.emitter
    FOR UPDATE OF d SKIP LOCKED
)
DELETE FROM webhooks.deliveries AS d
USING old AS o
WHERE d.message_id = o.message_id AND d.emitter = o.emitter
RETURNING d.message_id, d.emitter
