DELETE FROM webhooks_idempotency
WHERE (tenant, key) IN (
    SELECT tenant, key FROM webhooks_idempotency WHERE created_at < ?1 LIMIT ?2
)
