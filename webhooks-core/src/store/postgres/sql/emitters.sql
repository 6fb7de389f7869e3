SELECT id, url, patterns, tenant, settings, headers, keys, state, state_detail, generation,
    created_at, updated_at
FROM webhooks.emitters
ORDER BY id
