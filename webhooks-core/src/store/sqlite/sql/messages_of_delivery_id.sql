SELECT id FROM webhooks_messages
WHERE block = ?1 AND delivery_hash = ?2 AND delivery_id = ?3 AND id BETWEEN ?4 AND ?5
