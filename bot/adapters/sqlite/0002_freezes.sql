-- Version 2. Freezes, those that were lifted too: the record of who stopped what, and who let go again.
CREATE TABLE freezes (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('all', 'environment', 'service', 'runbook')),
    name      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    person    TEXT NOT NULL,
    at        INTEGER NOT NULL,
    until     INTEGER,
    lifted_by TEXT,
    lifted_at INTEGER,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
) WITHOUT ROWID;
CREATE INDEX freezes_standing ON freezes (at) WHERE lifted_at IS NULL;
