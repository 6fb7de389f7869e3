-- A mark of an emitter that does not run waits for its restart, which changes the emitter.
SELECT EXISTS (
    SELECT 1
    FROM webhooks_marks AS m
    JOIN webhooks_emitters AS e ON e.id = m.emitter AND e.state = 'active'
)
