DELETE FROM webhooks_nodes
WHERE lease_until < ?1
    AND NOT EXISTS (SELECT 1 FROM webhooks_leases AS l WHERE l.node = webhooks_nodes.node)
RETURNING node
