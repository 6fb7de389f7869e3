-- What nobody has heard of for a minute does not come back: what it owns would be looked through for work
-- by all others, again and again.
UPDATE webhooks.nodes AS n SET dead = true
WHERE n.node IN (
        SELECT o.node
        FROM webhooks.nodes AS o
        WHERE NOT o.dead AND o.lease_until < clock_timestamp() - interval '1 minute'
        ORDER BY o.node
        LIMIT $1
    )
    AND NOT n.dead AND n.lease_until < clock_timestamp() - interval '1 minute'
