-- A part of a backlog, since all of it at once would hold everybody up.
UPDATE webhooks_deliveries SET state = 3, reason = ?3, settled_at = ?4
WHERE seq IN (
    SELECT seq FROM webhooks_deliveries
    WHERE emitter = ?1 AND state = 0 AND seq <= ?2
    ORDER BY seq
    LIMIT ?5
)
