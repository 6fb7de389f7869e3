UPDATE webhooks.emitters SET state = $2, state_detail = $3, generation = $4, updated_at = $5
WHERE id = $1
