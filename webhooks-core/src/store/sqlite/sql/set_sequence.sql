UPDATE webhooks_sequences SET value = ?2 WHERE name = ?1
