SELECT fingerprint, delivery_id, message_id, deliveries
FROM webhooks_idempotency
WHERE tenant = ?1 AND key = ?2 AND created_at > ?3
