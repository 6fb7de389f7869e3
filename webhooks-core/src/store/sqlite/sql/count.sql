INSERT INTO webhooks_counters (emitter, hour, pending, delivered, dead, discarded)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (emitter, hour) DO UPDATE SET
    pending = pending + excluded.pending,
    delivered = delivered + excluded.delivered,
    dead = dead + excluded.dead,
    discarded = discarded + excluded.discarded
