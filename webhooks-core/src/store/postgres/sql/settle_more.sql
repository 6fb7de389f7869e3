-- Adds an attempt to each, and writes where that leads: to an end, on, or nowhere.
UPDATE webhooks.deliveries AS d SET
    state = coalesce(a.state, d.state),
    reason = CASE WHEN a.state IS NULL THEN d.reason ELSE a.reason END,
    settled_at = CASE WHEN a.state IS NULL THEN d.settled_at ELSE $20::bigint END,
    attempts = coalesce(a.attempts, greatest(d.attempts, a.number)),
    attempts_since_queued = coalesce(a.attempts_since_queued, d.attempts_since_queued),
    first_attempt_at = CASE
        WHEN a.attempts IS NULL THEN d.first_attempt_at ELSE a.first_attempt_at
    END,
    due = coalesce(a.due, d.due),
    attempt_count = d.attempt_count + 1,
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
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[], $5::integer[], $6::integer[],
    $7::bigint[], $8::bigint[], $9::integer[], $10::bigint[], $11::bigint[], $12::integer[], $13::text[],
    $14::text[], $15::text[], $16::text[], $17::boolean[], $18::text[], $19::bytea[])
    AS a (message_id, emitter, state, reason, attempts, attempts_since_queued, first_attempt_at, due,
    number, started_at, duration, status, error_kind, error, url, remote_addr, response_truncated,
    response_headers, response_body)
WHERE d.message_id = a.message_id AND d.emitter = a.emitter
