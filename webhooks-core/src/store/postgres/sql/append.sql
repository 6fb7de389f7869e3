-- One statement, committed by itself: a process that is stopped holds no lock. All of it sees what was
-- committed when it began, but for what it locks.
WITH
-- An item for each delivery, in the order of the batch.
item AS MATERIALIZED (
    SELECT *
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        WITH ORDINALITY AS i (message_id, emitter, generation, epoch, due, key_hash, place)
),
-- What the node owns, and goes on owning until the commit: a lease moves by a change of its row, and that
-- waits.
mine AS MATERIALIZED (
    SELECT l.emitter, l.epoch
    FROM unnest($7::text[], $8::bigint[]) AS c (emitter, epoch)
    -- Each by its name, in the order in which they came: the node may own many more.
    CROSS JOIN LATERAL (
        SELECT o.emitter, o.epoch
        FROM webhooks.leases AS o
        WHERE o.emitter = c.emitter AND o.epoch = c.epoch AND o.node IS NOT DISTINCT FROM $9
        FOR SHARE
    ) AS l
),
target AS MATERIALIZED (
    SELECT
        t.emitter,
        e.generation,
        EXISTS (SELECT 1 FROM webhooks.marks AS m WHERE m.emitter = t.emitter AND m.unread) AS marked
    FROM unnest($10::text[]) AS t (emitter)
    LEFT JOIN webhooks.emitters AS e ON e.id = t.emitter
),
-- In sorted order, so that two batches do not wait for each other.
key AS (
    INSERT INTO webhooks.idempotency AS known
        (tenant, key, fingerprint, created_at, delivery_id, message_id, deliveries)
    SELECT
        k.tenant, k.key, k.fingerprint, $11, k.delivery_id, k.message_id,
        (
            SELECT count(*)
            FROM item AS i
            JOIN target AS t ON t.emitter = i.emitter AND t.generation = i.generation
            WHERE i.message_id = k.message_id
        )
    FROM unnest($12::text[], $13::text[], $14::bytea[], $15::text[], $16::uuid[])
        AS k (tenant, key, fingerprint, delivery_id, message_id)
    -- One that is sent again does not remember its key anew.
    WHERE NOT EXISTS (SELECT 1 FROM webhooks.messages AS m WHERE m.id = k.message_id)
    ORDER BY k.tenant, k.key
    ON CONFLICT (tenant, key) DO UPDATE SET
        fingerprint = excluded.fingerprint,
        created_at = excluded.created_at,
        delivery_id = excluded.delivery_id,
        message_id = excluded.message_id,
        deliveries = excluded.deliveries
    WHERE known.created_at <= $17
    RETURNING message_id
),
-- One that is there already has been sent before, and its answer was lost.
fresh AS (
    INSERT INTO webhooks.messages
        (id, block, delivery_hash, event, delivery_id, tenant, ordering_key, trace_parent, created_at,
        size, body)
    SELECT
        m.id, nextval('webhooks.message') / 65536, m.delivery_hash, m.event, m.delivery_id, m.tenant,
        m.ordering_key, m.trace_parent, m.created_at, m.size, m.body
    FROM unnest($18::uuid[], $19::integer[], $20::text[], $21::text[], $22::text[], $23::text[],
        $24::text[], $25::bigint[], $26::integer[], $27::bytea[], $28::boolean[])
        AS m (id, delivery_hash, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size,
        body, keyed)
    WHERE NOT m.keyed OR m.id IN (SELECT message_id FROM key)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
),
placed AS MATERIALIZED (
    SELECT nextval('webhooks.seq') AS seq, s.*
    FROM (
        SELECT
            i.*,
            t.generation IS NULL AS is_gone,
            t.generation IS DISTINCT FROM i.generation AS is_stale,
            o.emitter IS NOT NULL AS is_proven,
            t.marked
        FROM item AS i
        JOIN fresh AS f ON f.id = i.message_id
        JOIN target AS t ON t.emitter = i.emitter
        LEFT JOIN mine AS o ON o.emitter = i.emitter AND o.epoch = i.epoch
        ORDER BY i.place
    ) AS s
),
stored AS (
    INSERT INTO webhooks.deliveries
        (message_id, emitter, seq, generation, key_hash, state, reason, attempts,
        attempts_since_queued, due, settled_at, attempt_count)
    SELECT
        p.message_id, p.emitter, p.seq, p.generation, p.key_hash,
        CASE WHEN p.is_stale THEN 3 ELSE 0 END,
        CASE WHEN p.is_gone THEN 'detached' WHEN p.is_stale THEN 'paused' END,
        0, 0, p.due,
        CASE WHEN p.is_stale THEN $11 END,
        0
    FROM placed AS p
),
marked AS (
    INSERT INTO webhooks.marks (emitter, unread)
    SELECT DISTINCT p.emitter, true
    FROM placed AS p
    WHERE NOT p.is_stale AND NOT p.is_proven
),
counted AS (
    INSERT INTO webhooks.tallies (hour, emitters, pending, discarded)
    SELECT $29, array_agg(c.emitter), array_agg(c.pending), array_agg(c.discarded)
    FROM (
        SELECT
            p.emitter,
            count(*) FILTER (WHERE NOT p.is_stale) AS pending,
            count(*) FILTER (WHERE p.is_stale) AS discarded
        FROM placed AS p
        GROUP BY p.emitter
    ) AS c
    HAVING count(*) > 0
)
-- One row, in the order of the batch: a row for each delivery takes longer to read than to write.
SELECT
    array_agg(p.place), array_agg(p.seq),
    -- 0: straight; 1: marked before; 2: not proven, and so marked now; 3: stale.
    array_agg(CASE
        WHEN p.is_stale THEN 3
        WHEN NOT p.is_proven THEN 2
        WHEN p.marked THEN 1
        ELSE 0
    END),
    (SELECT array_agg(k.message_id) FROM key AS k)
FROM placed AS p
