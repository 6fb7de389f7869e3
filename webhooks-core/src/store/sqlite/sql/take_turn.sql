-- Removes nothing. What writes first waits for its turn; what has read before fails instead.
DELETE FROM webhooks_meta WHERE name = ''
