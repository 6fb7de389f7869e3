-- Active emitters that have something pending and no owner alive, and those of this node's own with
-- something that it may not know; some come twice. An emitter may have many marks: they are stepped over.
-- Each table is asked for one name at a time, and no further than the limit: whatever is owned by the living
-- is not looked at.
WITH RECURSIVE marked AS (
    (SELECT m.emitter FROM webhooks.marks AS m ORDER BY m.emitter LIMIT 1)
    UNION ALL
    SELECT (
        SELECT m.emitter FROM webhooks.marks AS m WHERE m.emitter > k.emitter ORDER BY m.emitter LIMIT 1
    )
    FROM marked AS k
    WHERE k.emitter IS NOT NULL
),
gone AS MATERIALIZED (
    SELECT n.node
    FROM webhooks.nodes AS n
    WHERE n.node <> $1 AND (n.dead OR n.lease_until <= clock_timestamp())
)
(
    SELECT k.emitter, l.node IS NOT DISTINCT FROM $1 AS is_mine
    FROM marked AS k
    CROSS JOIN LATERAL (
        SELECT e.generation FROM webhooks.emitters AS e WHERE e.id = k.emitter AND e.state = 'active' OFFSET 0
    ) AS e
    LEFT JOIN LATERAL (
        SELECT o.node FROM webhooks.leases AS o WHERE o.emitter = k.emitter OFFSET 0
    ) AS l ON true
    WHERE CASE
        WHEN l.node = $1 THEN EXISTS (
            SELECT 1 FROM webhooks.marks AS u WHERE u.emitter = k.emitter AND u.unread
        )
        ELSE (l.node IS NULL OR l.node IN (SELECT g.node FROM gone AS g))
            AND EXISTS (
                SELECT 1
                FROM webhooks.deliveries AS d
                WHERE d.emitter = k.emitter AND d.generation = e.generation AND d.state = 0
            )
    END
    LIMIT $2
)
UNION ALL
(
    SELECT l.emitter, false
    FROM gone AS g
    CROSS JOIN LATERAL (
        SELECT o.emitter FROM webhooks.leases AS o WHERE o.node = g.node OFFSET 0
    ) AS l
    CROSS JOIN LATERAL (
        SELECT e.generation FROM webhooks.emitters AS e WHERE e.id = l.emitter AND e.state = 'active' OFFSET 0
    ) AS e
    WHERE EXISTS (
        SELECT 1
        FROM webhooks.deliveries AS d
        WHERE d.emitter = l.emitter AND d.generation = e.generation AND d.state = 0
        OFFSET 0
    )
    LIMIT $2
)
LIMIT $2
