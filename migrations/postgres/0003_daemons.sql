-- What daemons share: who is alive, where each job stands on each target, and what people asked of it.

CREATE TABLE daemons (
    id            TEXT    NOT NULL PRIMARY KEY, -- a UUID, new with every start
    host          TEXT    NOT NULL,
    process       BIGINT  NOT NULL,
    version       TEXT    NOT NULL,
    config_digest TEXT    NOT NULL,
    address       TEXT,             -- of its status page
    started_at    BIGINT  NOT NULL,
    seen_at       BIGINT  NOT NULL,
    dead_at       BIGINT  NOT NULL  -- unless it is heard of before: three heartbeats after the last
);

-- No reference to runs: they are folded away, a standing stays.
CREATE TABLE standings (
    job             TEXT    NOT NULL,
    target_identity TEXT    NOT NULL,
    latest          TEXT    NOT NULL, -- the run that began last
    done_at         BIGINT,          -- nothing that was due until then is due any more
    last_good       BIGINT,          -- when the last run began that ended well
    run             TEXT,             -- the last run that a daemon brought to its end
    remarks         TEXT,             -- JSON: what that run left not as it should be
    PRIMARY KEY (job, target_identity)
);
INSERT INTO standings (job, target_identity, latest)
    SELECT job, target_identity, max(id) FROM runs GROUP BY job, target_identity;

CREATE TABLE controls (
    job       TEXT    NOT NULL PRIMARY KEY,
    paused_at BIGINT,
    paused_by TEXT,
    asked_at  BIGINT,
    asked_by  TEXT
);

-- How long a request of the holder's may be under way after the lease has ended.
ALTER TABLE leases ADD COLUMN grace BIGINT;
-- What the run was due by.
ALTER TABLE runs ADD COLUMN instant BIGINT;
CREATE INDEX runs_of_job ON runs (job, id);
