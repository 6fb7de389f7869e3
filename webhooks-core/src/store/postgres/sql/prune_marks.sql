-- Marks of emitters that are gone. An emitter may have many: they are stepped over.
WITH RECURSIVE marked AS (
    (SELECT m.emitter FROM webhooks.marks AS m ORDER BY m.emitter LIMIT 1)
    UNION ALL
    SELECT (
        SELECT m.emitter FROM webhooks.marks AS m WHERE m.emitter > k.emitter ORDER BY m.emitter LIMIT 1
    )
    FROM marked AS k
    WHERE k.emitter IS NOT NULL
)
DELETE FROM webhooks.marks AS m
USING (
    SELECT f.emitter, f.id
    FROM marked AS k
    LEFT JOIN webhooks.emitters AS e ON e.id = k.emitter
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.id FROM webhooks.marks AS o WHERE o.emitter = k.emitter LIMIT $1
    ) AS f
    WHERE e.id IS NULL
    LIMIT $1
) AS seen
WHERE m.emitter = seen.emitter AND m.id = seen.id
