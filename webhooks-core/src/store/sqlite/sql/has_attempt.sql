SELECT EXISTS (
    SELECT 1 FROM webhooks_attempts
    WHERE message_id = ?1 AND emitter = ?2 AND started_at = ?3 AND number = ?4
)
