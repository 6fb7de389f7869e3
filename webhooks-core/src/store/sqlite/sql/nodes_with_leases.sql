SELECT node, lease_until, dead
FROM webhooks_nodes
WHERE EXISTS (SELECT 1 FROM webhooks_leases AS l WHERE l.node = webhooks_nodes.node)
