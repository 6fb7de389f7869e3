-- Nodes without leases are remembered for a week, so that they are told that they are dead.
DELETE FROM webhooks.nodes AS n
WHERE n.node IN (
        SELECT o.node
        FROM webhooks.nodes AS o
        WHERE o.lease_until < clock_timestamp() - interval '7 days'
        ORDER BY o.node
        LIMIT $1
    )
    AND n.lease_until < clock_timestamp() - interval '7 days'
    AND NOT EXISTS (SELECT 1 FROM webhooks.leases AS l WHERE l.node = n.node)
