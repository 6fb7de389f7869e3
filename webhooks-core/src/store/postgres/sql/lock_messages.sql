-- Whoever queues a delivery again shares its message's lock until the commit. What somebody changes at this
-- moment is passed over.
SELECT id FROM webhooks.messages WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
