-- How many nodes are alive, and whether one that is dead has leases.
SELECT
    count(*) FILTER (WHERE NOT n.dead AND n.lease_until > clock_timestamp()),
    coalesce(
        bool_or(n.dead AND EXISTS (SELECT 1 FROM webhooks.leases AS l WHERE l.node = n.node)), false
    )
FROM webhooks.nodes AS n
