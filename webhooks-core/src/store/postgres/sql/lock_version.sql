-- Whoever changes an emitter comes through here, one at a time.
SELECT value FROM webhooks.version FOR UPDATE
