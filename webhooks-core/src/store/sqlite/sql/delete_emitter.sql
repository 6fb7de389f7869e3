DELETE FROM webhooks_emitters WHERE id = ?1
