UPDATE webhooks.discards SET fence = pg_current_xact_id()
WHERE emitter = $1 AND generation = $2 AND fence IS NULL
