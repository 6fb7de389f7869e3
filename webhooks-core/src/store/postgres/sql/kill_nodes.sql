-- What nobody has heard of for an hour does not come back. Not sooner: where the database was away for all
-- nodes, the first to come back must not find the others dead.
UPDATE webhooks.nodes AS n SET dead = true
WHERE n.node IN (
        SELECT o.node
        FROM webhooks.nodes AS o
        WHERE NOT o.dead AND o.lease_until < clock_timestamp() - interval '1 hour'
        ORDER BY o.node
        LIMIT $1
    )
    AND NOT n.dead AND n.lease_until < clock_timestamp() - interval '1 hour'
