INSERT INTO webhooks.marks (emitter, unread) VALUES ($1, $2)
