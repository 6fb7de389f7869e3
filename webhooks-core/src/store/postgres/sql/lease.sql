-- Takes leases of these emitters, where they are active and nobody alive owns them; returned are those,
-- and what the node owns already. A lease whose emitter is being appended to at this moment is passed over.
WITH
me AS MATERIALIZED (
    SELECT 1
    FROM webhooks.nodes
    WHERE node = $1 AND NOT dead AND lease_until > clock_timestamp()
),
wanted AS MATERIALIZED (
    SELECT w.emitter, w.place, l.node, l.epoch
    FROM me
    CROSS JOIN unnest($2::text[]) WITH ORDINALITY AS w (emitter, place)
    JOIN webhooks.emitters AS e ON e.id = w.emitter AND e.state = 'active'
    LEFT JOIN webhooks.leases AS l ON l.emitter = w.emitter
),
-- First of all: a node that renewed itself in the meantime keeps what it has.
killed AS (
    UPDATE webhooks.nodes AS n SET dead = true
    WHERE n.node IN (SELECT w.node FROM wanted AS w WHERE w.node <> $1)
        AND NOT n.dead AND n.lease_until <= clock_timestamp()
    RETURNING n.node
),
available AS MATERIALIZED (
    SELECT w.emitter, w.node, w.epoch
    FROM wanted AS w
    WHERE w.node IS NULL OR w.node = $1
        OR w.node IN (SELECT k.node FROM killed AS k)
        OR w.node IN (SELECT n.node FROM webhooks.nodes AS n WHERE n.dead)
    ORDER BY w.place
    LIMIT $3
),
locked AS MATERIALIZED (
    SELECT l.emitter
    FROM available AS a
    JOIN webhooks.leases AS l ON l.emitter = a.emitter AND l.node = a.node AND l.epoch = a.epoch
    WHERE l.node <> $1
    ORDER BY l.emitter
    FOR NO KEY UPDATE OF l SKIP LOCKED
),
taken AS (
    UPDATE webhooks.leases AS l SET node = $1, epoch = nextval('webhooks.epoch')
    FROM locked AS k
    WHERE l.emitter = k.emitter
    RETURNING l.emitter, l.epoch
),
fresh AS (
    INSERT INTO webhooks.leases (emitter, node, epoch)
    SELECT a.emitter, $1, nextval('webhooks.epoch')
    FROM available AS a
    WHERE a.node IS NULL
    ORDER BY a.emitter
    ON CONFLICT (emitter) DO NOTHING
    RETURNING emitter, epoch
),
granted AS (
    SELECT t.emitter, t.epoch FROM taken AS t
    UNION ALL
    SELECT f.emitter, f.epoch FROM fresh AS f
),
-- That they have no owner is no longer so.
unmarked AS (
    DELETE FROM webhooks.marks AS m USING granted AS g WHERE m.emitter = g.emitter AND NOT m.unread
)
SELECT o.emitter, o.epoch, e.failures, e.cooling_until, e.failing_since
FROM (
    SELECT g.emitter, g.epoch FROM granted AS g
    UNION ALL
    SELECT a.emitter, a.epoch FROM available AS a WHERE a.node = $1
) AS o
JOIN webhooks.emitters AS e ON e.id = o.emitter
ORDER BY o.emitter
