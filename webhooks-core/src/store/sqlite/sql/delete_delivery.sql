DELETE FROM webhooks_deliveries WHERE seq = ?1 AND state <> 0 AND settled_at < ?2
