INSERT INTO webhooks_tallies (lines) VALUES (?1)
