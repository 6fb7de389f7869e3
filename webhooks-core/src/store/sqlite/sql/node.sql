SELECT lease_until, dead FROM webhooks_nodes WHERE node = ?1
