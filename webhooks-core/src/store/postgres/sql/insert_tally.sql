INSERT INTO webhooks.tallies (hour, emitters, pending, delivered, dead, discarded)
VALUES ($1, $2, $3, $4, $5, $6)
