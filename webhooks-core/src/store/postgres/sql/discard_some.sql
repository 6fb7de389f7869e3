-- A part of a backlog. What somebody else holds is left for the next time.
WITH part AS MATERIALIZED (
    SELECT d.message_id, d.emitter
    FROM webhooks.deliveries AS d
    WHERE d.emitter = $1 AND d.generation < $2 AND d.state = 0
    ORDER BY d.emitter, d.generation, d.seq
    LIMIT $5
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE webhooks.deliveries AS d SET state = 3, reason = $3, settled_at = $4
FROM part AS p
WHERE d.message_id = p.message_id AND d.emitter = p.emitter
