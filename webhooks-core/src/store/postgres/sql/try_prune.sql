-- One process at a time forgets what is old; the others have nothing to do.
SELECT pg_try_advisory_xact_lock('webhooks.discards'::regclass::oid::bigint)
