-- The version of the emitter table, and whether an emitter that runs is marked. An emitter may have many
-- marks: they are stepped over.
WITH RECURSIVE marked AS (
    (SELECT m.emitter FROM webhooks.marks AS m ORDER BY m.emitter LIMIT 1)
    UNION ALL
    SELECT (
        SELECT m.emitter FROM webhooks.marks AS m WHERE m.emitter > k.emitter ORDER BY m.emitter LIMIT 1
    )
    FROM marked AS k
    WHERE k.emitter IS NOT NULL
)
SELECT
    v.value,
    EXISTS (
        SELECT 1
        FROM marked AS k
        JOIN webhooks.emitters AS e ON e.id = k.emitter AND e.state = 'active'
    )
FROM webhooks.version AS v
