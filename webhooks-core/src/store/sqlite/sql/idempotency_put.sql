INSERT INTO webhooks_idempotency
    (tenant, key, fingerprint, created_at, delivery_id, message_id, deliveries)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (tenant, key) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    created_at = excluded.created_at,
    delivery_id = excluded.delivery_id,
    message_id = excluded.message_id,
    deliveries = excluded.deliveries
