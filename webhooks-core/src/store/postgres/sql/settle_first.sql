-- The usual case: the first attempt of a delivery that nothing happened to meanwhile. Returned is what
-- was not settled so, and whether the node owns it.
WITH
done AS MATERIALIZED (
    SELECT *
    FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::smallint[], $6::text[],
        $7::integer[], $8::integer[], $9::bigint[], $10::bigint[], $11::integer[], $12::bigint[],
        $13::bigint[], $14::integer[], $15::text[], $16::text[], $17::text[], $18::text[], $19::boolean[],
        $20::text[], $21::bytea[])
        WITH ORDINALITY AS a (emitter, epoch, message_id, seq, state, reason, attempts,
        attempts_since_queued, first_attempt_at, due, number, started_at, duration, status, error_kind,
        error, url, remote_addr, response_truncated, response_headers, response_body, place)
),
-- What the node owns, and goes on owning until the commit.
mine AS MATERIALIZED (
    SELECT l.emitter, l.epoch, e.generation
    FROM unnest($22::text[], $23::bigint[]) AS c (emitter, epoch)
    -- Each by its name, in the order in which they came: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.epoch
        FROM webhooks.leases AS o
        WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $24
        FOR SHARE
    ) AS l
    LEFT JOIN webhooks.emitters AS e ON e.id = l.emitter
),
-- Joined before the table is looked at: its statistics may be of a time when it was empty.
own AS MATERIALIZED (
    SELECT a.*, m.generation
    FROM done AS a
    JOIN mine AS m ON m.emitter = a.emitter AND m.epoch = a.epoch
),
settled AS (
    UPDATE webhooks.deliveries AS d SET
        state = a.state,
        reason = a.reason,
        settled_at = CASE WHEN a.state <> 0 THEN $25::bigint END,
        attempts = a.attempts,
        attempts_since_queued = a.attempts_since_queued,
        first_attempt_at = a.first_attempt_at,
        due = coalesce(a.due, d.due),
        attempt_count = 1,
        number = a.number,
        started_at = a.started_at,
        duration = a.duration,
        status = a.status,
        error_kind = a.error_kind,
        error = a.error,
        url = a.url,
        remote_addr = a.remote_addr,
        response_truncated = a.response_truncated,
        response_headers = a.response_headers,
        response_body = a.response_body
    FROM own AS a
    WHERE d.message_id = a.message_id AND d.emitter = a.emitter AND d.seq = a.seq
        AND d.generation = a.generation
        -- Pending: said so that nobody thinks of looking through all that is.
        AND d.state < 1
        AND d.attempt_count = 0
    RETURNING a.place, d.emitter, d.state
),
health AS (
    UPDATE webhooks.emitters AS e SET
        failures = h.failures, cooling_until = h.cooling_until, failing_since = h.failing_since
    FROM unnest($26::text[], $27::bigint[], $28::integer[], $29::bigint[], $30::bigint[])
        AS h (emitter, epoch, failures, cooling_until, failing_since)
    JOIN mine AS m ON m.emitter = h.emitter AND m.epoch = h.epoch
    WHERE e.id = h.emitter
),
counted AS (
    INSERT INTO webhooks.tallies (hour, emitters, pending, delivered, dead)
    SELECT
        $31, array_agg(c.emitter), array_agg(c.pending), array_agg(c.delivered), array_agg(c.dead)
    FROM (
        SELECT
            s.emitter,
            - count(*) AS pending,
            count(*) FILTER (WHERE s.state = 1) AS delivered,
            count(*) FILTER (WHERE s.state = 2) AS dead
        FROM settled AS s
        WHERE s.state <> 0
        GROUP BY s.emitter
    ) AS c
    HAVING count(*) > 0
)
SELECT a.place, m.emitter IS NOT NULL
FROM done AS a
LEFT JOIN mine AS m ON m.emitter = a.emitter AND m.epoch = a.epoch
WHERE a.place NOT IN (SELECT s.place FROM settled AS s)
