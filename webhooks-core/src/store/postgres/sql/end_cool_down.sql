UPDATE webhooks.emitters SET cooling_until = NULL WHERE id = $1
