-- Times are microseconds since the Unix epoch, but for what goes by the database's clock.

-- The steps that were run. Each notes itself, whatever tool runs it.
CREATE TABLE webhooks.migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at bigint NOT NULL
);

INSERT INTO webhooks.migrations (number, name, applied_at)
VALUES (1, 'initial', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);

CREATE TABLE webhooks.meta (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- What only grows. The order of deliveries hangs on `seq`: it must not be cached by sessions.
CREATE SEQUENCE webhooks.seq CACHE 1;
CREATE SEQUENCE webhooks.message CACHE 1;
CREATE SEQUENCE webhooks.generation CACHE 1;
CREATE SEQUENCE webhooks.epoch CACHE 1;

-- One row: the version of the emitter table. Whoever changes an emitter locks it first. No sequence,
-- since a version must not be seen before its changes.
CREATE TABLE webhooks.version (
    value bigint NOT NULL
);

INSERT INTO webhooks.version (value) VALUES (0);

CREATE TABLE webhooks.emitters (
    id text COLLATE "C" PRIMARY KEY,
    url text NOT NULL,
    patterns text NOT NULL,
    tenant text COLLATE "C",
    settings text NOT NULL,
    -- Sealed: nonce, key ID, bytes.
    headers bytea,
    keys bytea NOT NULL,
    state text NOT NULL,
    state_detail text,
    generation bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    cooling_until bigint,
    failing_since bigint
) WITH (fillfactor = 70);

CREATE TABLE webhooks.messages (
    id uuid PRIMARY KEY,
    -- Its place in the order of storing / 65536, and a hash of the delivery ID. Delivery IDs are random:
    -- an index of them alone would change, and after each checkpoint write down, a page of its own for
    -- nearly each message. With the block in front only the few pages of the latest block change, and a
    -- search takes a step for each block.
    block bigint NOT NULL,
    delivery_hash integer NOT NULL,
    event text NOT NULL,
    delivery_id text NOT NULL,
    tenant text,
    ordering_key text,
    trace_parent text,
    created_at bigint NOT NULL,
    size integer NOT NULL,
    -- The very bytes that are sent; NULL once erased.
    body bytea
);

CREATE INDEX messages_delivery_id ON webhooks.messages (block, delivery_hash);

CREATE TABLE webhooks.deliveries (
    message_id uuid NOT NULL,
    emitter text COLLATE "C" NOT NULL,
    -- The place in the order of its emitter; redelivery gives a new one.
    seq bigint NOT NULL,
    generation bigint NOT NULL,
    -- The hash of the ordering key; which lane that is depends on how many there are.
    key_hash bigint,
    -- 0 pending, 1 delivered, 2 dead, 3 discarded.
    state smallint NOT NULL,
    reason text,
    attempts integer NOT NULL,
    attempts_since_queued integer NOT NULL,
    first_attempt_at bigint,
    due bigint NOT NULL,
    settled_at bigint,
    -- The latest attempt; those before it are in attempts.
    attempt_count integer NOT NULL,
    number integer,
    started_at bigint,
    duration bigint,
    status integer,
    error_kind text,
    error text,
    url text,
    remote_addr text,
    response_truncated boolean,
    response_headers text,
    response_body bytea,
    -- A body of its own; NULL stands for the message's.
    body bytea
) PARTITION BY LIST (state);

-- A queue and a log: what is settled moves from one to the other. The queue stays small, whatever has been
-- delivered, and the log is not changed by what comes and goes.
CREATE TABLE webhooks.deliveries_pending PARTITION OF webhooks.deliveries FOR VALUES IN (0);
CREATE TABLE webhooks.deliveries_settled PARTITION OF webhooks.deliveries FOR VALUES IN (1, 2, 3);

-- No index of the whole: it would have to hold the state, and could not tell that a delivery is there once.
CREATE UNIQUE INDEX deliveries_pending_key ON webhooks.deliveries_pending (message_id, emitter);
CREATE UNIQUE INDEX deliveries_settled_key ON webhooks.deliveries_settled (message_id, emitter);

-- What is loaded, and what a new generation discards.
CREATE INDEX deliveries_pending_queue ON webhooks.deliveries_pending (emitter, generation, seq);

CREATE INDEX deliveries_pending_emitter ON webhooks.deliveries_pending (emitter, message_id);
CREATE INDEX deliveries_settled_emitter ON webhooks.deliveries_settled (emitter, message_id);

CREATE INDEX deliveries_settled_failed ON webhooks.deliveries_settled (state, message_id)
    WHERE state IN (2, 3);

CREATE TABLE webhooks.attempts (
    message_id uuid NOT NULL,
    emitter text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    number integer NOT NULL,
    -- In the order in which they were settled.
    place bigint GENERATED ALWAYS AS IDENTITY,
    duration bigint NOT NULL,
    status integer,
    error_kind text,
    error text,
    url text NOT NULL,
    remote_addr text,
    response_truncated boolean NOT NULL,
    response_headers text NOT NULL,
    response_body bytea NOT NULL,
    PRIMARY KEY (message_id, emitter, started_at, number)
);

CREATE TABLE webhooks.leases (
    emitter text COLLATE "C" PRIMARY KEY,
    node uuid NOT NULL,
    epoch bigint NOT NULL
);

CREATE INDEX leases_node ON webhooks.leases (node);

-- By the database's clock.
CREATE TABLE webhooks.nodes (
    node uuid PRIMARY KEY,
    lease_until timestamptz NOT NULL,
    dead boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

-- Emitters that somebody has to look at. Rows are only inserted and deleted, so that nobody waits for
-- an application's transaction.
CREATE TABLE webhooks.marks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    emitter text COLLATE "C" NOT NULL,
    -- Whether something was appended that the owner may not know, until it loads; else something is
    -- pending, and there is no owner.
    unread boolean NOT NULL,
    PRIMARY KEY (emitter, id)
);

-- The tenant is '' for events without one.
CREATE TABLE webhooks.idempotency (
    tenant text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    created_at bigint NOT NULL,
    delivery_id text NOT NULL,
    message_id uuid NOT NULL,
    deliveries bigint NOT NULL,
    PRIMARY KEY (tenant, key)
);

CREATE INDEX idempotency_created_at ON webhooks.idempotency (created_at);

-- What a transaction counted, by emitter; an array that is NULL stands for zeros. Rows are only inserted
-- and deleted: a counter's row would be a lock that all writers wait for. Added up into counters from
-- time to time.
CREATE TABLE webhooks.tallies (
    hour bigint NOT NULL,
    emitters text[] NOT NULL,
    pending bigint[],
    delivered bigint[],
    dead bigint[],
    discarded bigint[]
);

-- What changed in an hour of the clock; hour 0 is the sum of all that are too old to be told apart,
-- emitter '' of all that are detached.
CREATE TABLE webhooks.counters (
    emitter text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    pending bigint NOT NULL,
    delivered bigint NOT NULL,
    dead bigint NOT NULL,
    discarded bigint NOT NULL,
    PRIMARY KEY (emitter, hour)
) WITH (fillfactor = 70);

-- Backlogs that are being discarded: whatever is pending of an emitter under a generation before this
-- one. A row stays for as long as a transaction may be open that knew an older generation.
CREATE TABLE webhooks.discards (
    emitter text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    reason text NOT NULL,
    discarded_at bigint NOT NULL,
    -- By the database's clock.
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Once nobody knows an older generation any more: the transactions that do are older than this one.
    fence xid8,
    PRIMARY KEY (emitter, generation)
);
