-- Those of these emitters that have something pending wait for an owner.
INSERT INTO webhooks.marks (emitter, unread)
SELECT e.id, false
FROM webhooks.emitters AS e
WHERE e.id = ANY ($1) AND EXISTS (
    SELECT 1
    FROM webhooks.deliveries AS d
    WHERE d.emitter = e.id AND d.generation = e.generation AND d.state = 0
)
