INSERT INTO webhooks_nodes (node, lease_until, dead) VALUES (?1, ?2, 0)
ON CONFLICT (node) DO UPDATE SET lease_until = max(lease_until, excluded.lease_until)
WHERE dead = 0
