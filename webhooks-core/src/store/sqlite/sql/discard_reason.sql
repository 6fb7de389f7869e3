SELECT reason FROM webhooks_discards
WHERE emitter = ?1 AND seq >= ?2
ORDER BY seq
LIMIT 1
