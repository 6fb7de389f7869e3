INSERT INTO webhooks_marks (emitter) VALUES (?1) ON CONFLICT DO NOTHING
