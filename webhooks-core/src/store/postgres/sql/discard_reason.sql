-- Why a delivery of this generation is being discarded.
SELECT reason
FROM webhooks.discards
WHERE emitter = $1 AND generation > $2
ORDER BY generation
LIMIT 1
