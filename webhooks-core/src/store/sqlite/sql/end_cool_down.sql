UPDATE webhooks_emitters SET cooling_until = NULL WHERE id = ?1
