INSERT INTO webhooks.nodes AS n (node, lease_until)
VALUES ($1, clock_timestamp() + $2 * interval '1 second')
ON CONFLICT (node) DO UPDATE SET
    lease_until = greatest(n.lease_until, excluded.lease_until)
WHERE NOT n.dead
RETURNING
    (extract(epoch FROM lease_until) * 1000000)::bigint,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
