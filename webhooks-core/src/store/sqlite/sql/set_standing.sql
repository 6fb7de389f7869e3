UPDATE webhooks_deliveries SET state = ?2, reason = ?3, settled_at = ?4 WHERE seq = ?1
