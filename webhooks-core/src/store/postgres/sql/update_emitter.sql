UPDATE webhooks.emitters SET
    url = $2, patterns = $3, settings = $4, headers = $5, keys = $6, updated_at = $7
WHERE id = $1
