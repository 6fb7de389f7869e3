SELECT c.emitter, e.id IS NOT NULL, c.hour, c.pending, c.delivered, c.dead, c.discarded
FROM webhooks_counters AS c
LEFT JOIN webhooks_emitters AS e ON e.id = c.emitter
