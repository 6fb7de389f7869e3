DELETE FROM webhooks.emitters WHERE id = $1
