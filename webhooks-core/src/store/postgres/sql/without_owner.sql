-- Active emitters that have something pending and no owner alive, and those of this node's own with
-- something that it may not know. An emitter may have many marks: they are stepped over.
WITH RECURSIVE marked AS (
    (SELECT m.emitter FROM webhooks.marks AS m ORDER BY m.emitter LIMIT 1)
    UNION ALL
    SELECT (
        SELECT m.emitter FROM webhooks.marks AS m WHERE m.emitter > k.emitter ORDER BY m.emitter LIMIT 1
    )
    FROM marked AS k
    WHERE k.emitter IS NOT NULL
)
SELECT k.emitter, l.node IS NOT DISTINCT FROM $1 AS is_mine
FROM marked AS k
JOIN webhooks.emitters AS e ON e.id = k.emitter AND e.state = 'active'
LEFT JOIN webhooks.leases AS l ON l.emitter = k.emitter
LEFT JOIN webhooks.nodes AS n ON n.node = l.node
WHERE CASE
    WHEN l.node = $1 THEN EXISTS (
        SELECT 1 FROM webhooks.marks AS u WHERE u.emitter = k.emitter AND u.unread
    )
    ELSE (l.emitter IS NULL OR n.dead OR n.lease_until <= clock_timestamp())
        AND EXISTS (
            SELECT 1
            FROM webhooks.deliveries AS d
            WHERE d.emitter = k.emitter AND d.generation = e.generation AND d.state = 0
        )
END
UNION
SELECT l.emitter, false
FROM webhooks.nodes AS n
JOIN webhooks.leases AS l ON l.node = n.node
JOIN webhooks.emitters AS e ON e.id = l.emitter AND e.state = 'active'
WHERE n.node <> $1 AND (n.dead OR n.lease_until <= clock_timestamp())
    AND EXISTS (
        SELECT 1
        FROM webhooks.deliveries AS d
        WHERE d.emitter = l.emitter AND d.generation = e.generation AND d.state = 0
        -- Asked for each emitter: not to begin with all that is pending.
        OFFSET 0
    )
LIMIT $2
