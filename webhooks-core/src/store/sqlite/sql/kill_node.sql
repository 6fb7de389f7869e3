UPDATE webhooks_nodes SET dead = 1 WHERE node = ?1
