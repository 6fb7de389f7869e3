INSERT INTO webhooks.emitters
    (id, url, patterns, tenant, settings, headers, keys, state, state_detail, generation, created_at,
    updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
