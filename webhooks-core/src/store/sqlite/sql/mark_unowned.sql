INSERT INTO webhooks_marks (emitter, unread) VALUES (?1, 0)
ON CONFLICT (emitter) DO NOTHING
