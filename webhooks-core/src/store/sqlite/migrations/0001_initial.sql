-- Times are microseconds since the Unix epoch, IDs of messages and nodes are the 16 bytes of a UUID.

-- The steps that were run. Each notes itself, whatever tool runs it.
CREATE TABLE webhooks_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
);

INSERT INTO webhooks_migrations (number, name, applied_at)
VALUES (1, 'initial', 1000000 * unixepoch());

CREATE TABLE webhooks_meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- What only grows: 'seq', 'message', 'generation', 'epoch', and the 'version' of the emitter table.
CREATE TABLE webhooks_sequences (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO webhooks_sequences (name, value)
VALUES ('seq', 0), ('message', 0), ('generation', 0), ('epoch', 0), ('version', 0);

CREATE TABLE webhooks_emitters (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    patterns TEXT NOT NULL,
    tenant TEXT,
    settings TEXT NOT NULL,
    -- Sealed: nonce, key ID, bytes.
    headers BLOB,
    keys BLOB NOT NULL,
    state TEXT NOT NULL,
    state_detail TEXT,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    cooling_until INTEGER,
    failing_since INTEGER
);

CREATE TABLE webhooks_messages (
    -- In the order in which they were stored.
    message INTEGER PRIMARY KEY,
    -- message / 1024, and a hash of the delivery ID. Delivery IDs are random: an index of them alone
    -- would have to change, and write down, a page of its own for nearly each message. With the block
    -- in front only the few pages of the latest block change, and a search takes a step for each block.
    block INTEGER NOT NULL,
    delivery_hash INTEGER NOT NULL,
    id BLOB NOT NULL,
    event TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    tenant TEXT,
    ordering_key TEXT,
    trace_parent TEXT,
    created_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    -- The very bytes that are sent; NULL once erased. Last, so that the rest is read without it.
    body BLOB
);

CREATE UNIQUE INDEX webhooks_messages_id ON webhooks_messages (id);

CREATE INDEX webhooks_messages_delivery_id ON webhooks_messages (block, delivery_hash);

CREATE TABLE webhooks_deliveries (
    -- The place in the order of its emitter; redelivery gives a new one.
    seq INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    emitter TEXT NOT NULL,
    generation INTEGER NOT NULL,
    -- The hash of the ordering key; which lane that is depends on how many there are.
    key_hash INTEGER,
    -- 0 pending, 1 delivered, 2 dead, 3 discarded.
    state INTEGER NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    attempts_since_queued INTEGER NOT NULL,
    first_attempt_at INTEGER,
    due INTEGER NOT NULL,
    settled_at INTEGER,
    -- The latest attempt; those before it are in webhooks_attempts.
    attempt_count INTEGER NOT NULL,
    number INTEGER,
    started_at INTEGER,
    duration INTEGER,
    status INTEGER,
    error_kind TEXT,
    error TEXT,
    url TEXT,
    remote_addr TEXT,
    response_truncated INTEGER,
    response_headers TEXT,
    response_body BLOB,
    -- A body of its own; NULL stands for the message's.
    body BLOB
);

CREATE UNIQUE INDEX webhooks_deliveries_message ON webhooks_deliveries (message_id, emitter);

-- In the order of seq, which is the rowid.
CREATE INDEX webhooks_deliveries_pending ON webhooks_deliveries (emitter) WHERE state = 0;

CREATE INDEX webhooks_deliveries_emitter ON webhooks_deliveries (emitter, message_id);

CREATE INDEX webhooks_deliveries_failed ON webhooks_deliveries (state, message_id) WHERE state IN (2, 3);

CREATE TABLE webhooks_attempts (
    message_id BLOB NOT NULL,
    emitter TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    number INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    status INTEGER,
    error_kind TEXT,
    error TEXT,
    url TEXT NOT NULL,
    remote_addr TEXT,
    response_truncated INTEGER NOT NULL,
    response_headers TEXT NOT NULL,
    response_body BLOB NOT NULL,
    PRIMARY KEY (message_id, emitter, started_at, number)
);

CREATE TABLE webhooks_leases (
    emitter TEXT PRIMARY KEY,
    node BLOB NOT NULL,
    epoch INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX webhooks_leases_node ON webhooks_leases (node);

CREATE TABLE webhooks_nodes (
    node BLOB PRIMARY KEY,
    lease_until INTEGER NOT NULL,
    dead INTEGER NOT NULL
) WITHOUT ROWID;

-- Emitters that somebody has to look at.
CREATE TABLE webhooks_marks (
    emitter TEXT PRIMARY KEY,
    -- 1: something was appended that the owner may not know, until it loads; 0: something is pending,
    -- and there is no owner.
    unread INTEGER NOT NULL
) WITHOUT ROWID;

-- The tenant is '' for events without one.
CREATE TABLE webhooks_idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    delivery_id TEXT NOT NULL,
    message_id BLOB NOT NULL,
    deliveries INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) WITHOUT ROWID;

CREATE INDEX webhooks_idempotency_created_at ON webhooks_idempotency (created_at);

-- What a transaction counted, a line for each emitter and hour: `emitter hour pending delivered dead
-- discarded`. Added up into webhooks_counters from time to time, since a transaction may be about many
-- emitters.
CREATE TABLE webhooks_tallies (
    tally INTEGER PRIMARY KEY,
    lines TEXT NOT NULL
);

-- What changed in an hour of the clock; hour 0 is the sum of all that are too old to be told apart,
-- emitter '' of all that are detached.
CREATE TABLE webhooks_counters (
    emitter TEXT NOT NULL,
    hour INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    discarded INTEGER NOT NULL,
    PRIMARY KEY (emitter, hour)
) WITHOUT ROWID;

-- Backlogs that are being discarded: all pending deliveries of an emitter up to this seq.
CREATE TABLE webhooks_discards (
    emitter TEXT NOT NULL,
    seq INTEGER NOT NULL,
    reason TEXT NOT NULL,
    discarded_at INTEGER NOT NULL,
    PRIMARY KEY (emitter, seq)
) WITHOUT ROWID;
