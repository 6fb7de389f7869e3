INSERT INTO webhooks_marks (emitter, unread) VALUES (?1, 1)
ON CONFLICT (emitter) DO UPDATE SET unread = 1
