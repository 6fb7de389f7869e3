UPDATE webhooks.emitters SET failures = 0, cooling_until = NULL, failing_since = NULL
WHERE id = $1
