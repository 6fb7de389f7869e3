-- A key that is used again at this moment is passed over.
DELETE FROM webhooks.idempotency
WHERE (tenant, key) IN (
    SELECT tenant, key
    FROM webhooks.idempotency
    WHERE created_at < $1
    ORDER BY created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
