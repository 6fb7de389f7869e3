-- One snapshot for all: who owns the emitter, whether it is marked, and what is pending.
WITH asked AS MATERIALIZED (
    SELECT a.*, e.generation, EXISTS (
        SELECT 1 FROM webhooks.marks AS m WHERE m.emitter = a.emitter AND m.unread
    ) AS marked
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bigint[],
        $7::bigint[], $8::boolean[])
        WITH ORDINALITY AS a (emitter, epoch, after, lanes, all_lanes, max_rows, max_bytes, heeds_marks,
        place)
    -- Each by its name: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT 1
        FROM webhooks.leases AS o
        WHERE o.emitter = a.emitter AND o.epoch = a.epoch AND o.node IS NOT DISTINCT FROM $9
        OFFSET 0
    ) AS l
    LEFT JOIN webhooks.emitters AS e ON e.id = a.emitter
)
SELECT
    a.place, a.marked, f.total, f.seq, f.attempts, f.attempts_since_queued, f.first_attempt_at, f.due,
    m.id, m.event, m.delivery_id, m.tenant, m.ordering_key, m.trace_parent, m.created_at, m.size,
    coalesce(f.body, m.body)
FROM asked AS a
LEFT JOIN LATERAL (
    SELECT w.*
    FROM (
        SELECT
            p.*,
            count(*) OVER () AS total,
            row_number() OVER (ORDER BY p.seq) AS nth,
            sum(p.bytes) OVER (ORDER BY p.seq) - p.bytes AS bytes_before
        FROM (
            SELECT
                d.message_id, d.emitter, d.seq, d.attempts, d.attempts_since_queued,
                d.first_attempt_at, d.due, d.body,
                coalesce(octet_length(d.body), octet_length(c.body), 0) AS bytes
            FROM webhooks.deliveries AS d
            JOIN webhooks.messages AS c ON c.id = d.message_id
            WHERE d.emitter = a.emitter AND d.generation = a.generation AND d.state = 0
                AND d.seq > a.after
                AND (
                    a.all_lanes
                    OR abs(coalesce(d.key_hash, d.seq) % a.lanes) IN (
                        SELECT o.lane
                        FROM unnest($10::bigint[], $11::bigint[]) AS o (place, lane)
                        WHERE o.place = a.place
                    )
                )
            ORDER BY d.emitter, d.generation, d.seq
            -- One more shows that there is more.
            LIMIT a.max_rows + 1
        ) AS p
    ) AS w
    WHERE w.nth = 1 OR (w.nth <= a.max_rows AND w.bytes_before < a.max_bytes)
) AS f ON NOT (a.marked AND a.heeds_marks)
LEFT JOIN webhooks.messages AS m ON m.id = f.message_id
ORDER BY a.place, f.seq
