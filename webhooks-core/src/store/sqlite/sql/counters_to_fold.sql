SELECT c.emitter, c.hour, e.id IS NOT NULL, c.pending, c.delivered, c.dead, c.discarded
FROM webhooks_counters AS c
LEFT JOIN webhooks_emitters AS e ON e.id = c.emitter
WHERE (c.hour BETWEEN 1 AND ?1 - 1) OR (e.id IS NULL AND c.emitter <> '')
LIMIT ?2
