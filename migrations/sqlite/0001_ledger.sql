-- The ledger: what is known between runs. Names, fingerprints and revisions; never a value, never its length.
-- Every `..._at` is microseconds since 1970-01-01T00:00:00Z. Words are those of the closed lists. docs/ledger-format.md says the rest.

-- Who this ledger is: one row.
CREATE TABLE installation (
    one             INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    ledger          TEXT    NOT NULL, -- a UUID, part of every mark
    format          INTEGER NOT NULL, -- of the digests kept here
    key_id          TEXT    NOT NULL,
    key_check       TEXT    NOT NULL, -- another key has another
    created_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL, -- the program's version
    origin_sequence INTEGER NOT NULL, -- the audit row before the first that is kept
    origin_digest   TEXT    NOT NULL,
    head_sequence   INTEGER NOT NULL, -- the last audit row
    head_digest     TEXT    NOT NULL,
    head_seal       TEXT    NOT NULL  -- keyed, over origin and head
) STRICT;

CREATE TABLE runs (
    id              TEXT    NOT NULL PRIMARY KEY, -- a UUID of version 7: sorts by time
    job             TEXT    NOT NULL,
    command         TEXT    NOT NULL,
    source          TEXT    NOT NULL,
    target          TEXT    NOT NULL,
    target_identity TEXT    NOT NULL,
    host            TEXT    NOT NULL,
    config_digest   TEXT    NOT NULL,
    version         TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    status          TEXT    NOT NULL
        CHECK (status IN ('running', 'succeeded', 'incomplete', 'failed', 'interrupted', 'died')),
    depth           TEXT,             -- how deep it looked
    counts          TEXT,             -- JSON: outcome -> how many keys
    error           TEXT
) STRICT;
CREATE INDEX runs_running ON runs (target_identity) WHERE status = 'running';

CREATE TABLE steps (
    id                 INTEGER NOT NULL PRIMARY KEY,
    run                TEXT    NOT NULL REFERENCES runs (id),
    fence              INTEGER NOT NULL, -- the lease it was intended under
    name               TEXT    NOT NULL,
    remote_key         TEXT    NOT NULL,
    action             TEXT    NOT NULL,
    reason             TEXT    NOT NULL,
    shape              TEXT    NOT NULL,
    token              TEXT    NOT NULL, -- makes a repeat of this very step harmless
    source_fingerprint TEXT,
    source_revision    TEXT,
    fingerprint_before TEXT,
    revision_before    TEXT,
    fingerprint_after  TEXT,
    revision_after     TEXT,
    state              TEXT    NOT NULL CHECK (state IN ('intended', 'done', 'failed', 'unknown', 'settled')),
    outcome            TEXT,
    failure            TEXT,             -- the reason code of a failure
    error              TEXT,
    request            TEXT,             -- the store's request id
    intended_at        INTEGER NOT NULL,
    concluded_at       INTEGER,
    settled_at         INTEGER,
    settled_by         TEXT REFERENCES runs (id),
    settled_as         TEXT CHECK (settled_as IN ('done', 'failed', 'unchanged'))
) STRICT;
CREATE INDEX steps_of_run ON steps (run);
CREATE INDEX steps_unsettled ON steps (run) WHERE state IN ('intended', 'unknown');

-- What was last written, by target and name.
CREATE TABLE baseline (
    target_identity TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    job             TEXT    NOT NULL,
    remote_key      TEXT    NOT NULL,
    fingerprint     TEXT    NOT NULL,
    source_revision TEXT,
    target_revision TEXT,
    absent_runs     INTEGER NOT NULL,
    shape           TEXT    NOT NULL,
    written_at      INTEGER NOT NULL,
    written_by      TEXT    NOT NULL, -- a run
    seen_at         INTEGER NOT NULL, -- when it was last written, refreshed or missed
    PRIMARY KEY (target_identity, name)
) STRICT, WITHOUT ROWID;

-- One writer per target. The row stays when the lease is given back, so that its number never falls.
CREATE TABLE leases (
    target_identity TEXT    NOT NULL PRIMARY KEY,
    fence           INTEGER NOT NULL,
    holder_host     TEXT    NOT NULL,
    holder_process  INTEGER NOT NULL,
    holder_job      TEXT    NOT NULL,
    run             TEXT,
    acquired_at     INTEGER NOT NULL,
    heartbeat_at    INTEGER,
    expires_at      INTEGER,
    released_at     INTEGER
) STRICT;

-- Append-only; each row's digest is made over the row and the digest before it.
CREATE TABLE audit (
    sequence           INTEGER NOT NULL PRIMARY KEY,
    happened_at        INTEGER NOT NULL,
    event              TEXT    NOT NULL,
    run                TEXT,
    job                TEXT,
    host               TEXT,
    config_digest      TEXT,
    step               INTEGER,
    action             TEXT,
    reason             TEXT,
    name               TEXT,
    remote_key         TEXT,
    store              TEXT,
    target_identity    TEXT,
    fingerprint_before TEXT,
    fingerprint_after  TEXT,
    revision_before    TEXT,
    revision_after     TEXT,
    result             TEXT,
    request            TEXT,
    detail             TEXT,
    digest             TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_of_run ON audit (run);
CREATE INDEX audit_of_name ON audit (name);

-- A seat belt, not the lock: whoever can drop a trigger is caught by the chain.
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never changed');
END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
WHEN OLD.sequence > (SELECT origin_sequence FROM installation)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never deleted');
END;
