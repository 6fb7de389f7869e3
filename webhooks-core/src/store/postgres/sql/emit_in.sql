-- Inside the application's transaction: nothing of ours is read that changes, and no row is locked. The
-- marks bring it to work once it is committed.
WITH
here AS MATERIALIZED (
    SELECT value = $1 AS is_here FROM webhooks.meta WHERE name = 'store_id'
),
item AS MATERIALIZED (
    SELECT nextval('webhooks.seq') AS seq, s.*
    FROM (
        SELECT i.*
        FROM here, unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
            WITH ORDINALITY AS i (message_id, emitter, generation, due, key_hash, place)
        WHERE here.is_here
        ORDER BY i.place
    ) AS s
),
message AS (
    INSERT INTO webhooks.messages
        (id, block, delivery_hash, event, delivery_id, tenant, ordering_key, trace_parent, created_at,
        size, body)
    SELECT
        m.id, nextval('webhooks.message') / 65536, m.delivery_hash, m.event, m.delivery_id, m.tenant,
        m.ordering_key, m.trace_parent, m.created_at, m.size, m.body
    FROM here, unnest($7::uuid[], $8::integer[], $9::text[], $10::text[], $11::text[], $12::text[],
        $13::text[], $14::bigint[], $15::integer[], $16::bytea[])
        AS m (id, delivery_hash, event, delivery_id, tenant, ordering_key, trace_parent, created_at, size,
        body)
    WHERE here.is_here
),
stored AS (
    INSERT INTO webhooks.deliveries
        (message_id, emitter, seq, generation, key_hash, state, attempts, attempts_since_queued, due,
        attempt_count)
    SELECT i.message_id, i.emitter, i.seq, i.generation, i.key_hash, 0, 0, 0, i.due, 0
    FROM item AS i
),
marked AS (
    INSERT INTO webhooks.marks (emitter, unread) SELECT DISTINCT i.emitter, true FROM item AS i
),
counted AS (
    INSERT INTO webhooks.tallies (hour, emitters, pending)
    SELECT $17, array_agg(c.emitter), array_agg(c.pending)
    FROM (SELECT i.emitter, count(*) AS pending FROM item AS i GROUP BY i.emitter) AS c
    HAVING count(*) > 0
)
-- First whether these are the store's tables: NULL if not. Told once, at the commit, however many events
-- there are.
SELECT CASE WHEN (SELECT h.is_here FROM here AS h) THEN 0 END, NULL
UNION ALL
(SELECT i.seq, CASE WHEN i.place = 1 THEN pg_notify($18, '')::text END FROM item AS i ORDER BY i.place)
