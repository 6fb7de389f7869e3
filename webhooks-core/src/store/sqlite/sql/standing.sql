SELECT
    failures, cooling_until, failing_since,
    (SELECT coalesce(sum(c.pending), 0) FROM webhooks_counters AS c WHERE c.emitter = e.id),
    (
        SELECT m.created_at
        FROM webhooks_deliveries AS d
        JOIN webhooks_messages AS m ON m.message = d.message
        WHERE d.emitter = e.id AND d.state = 0
        ORDER BY d.seq
        LIMIT 1
    )
FROM webhooks_emitters AS e
WHERE e.id = ?1
