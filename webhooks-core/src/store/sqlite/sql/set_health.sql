UPDATE webhooks_emitters SET failures = ?2, cooling_until = ?3, failing_since = ?4 WHERE id = ?1
