UPDATE webhooks_deliveries SET due = ?2 WHERE seq = ?1
