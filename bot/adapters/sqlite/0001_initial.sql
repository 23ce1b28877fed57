-- Version 1. Times are whole microseconds since 1970 in UTC. A migration that was released is never edited.

-- Facts about the file itself: `epoch` counts its owners and is the fence against a second one.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

-- The index of incidents, derived from the fold of their events and stored in the same transaction.
CREATE TABLE incidents (
    id           TEXT PRIMARY KEY,
    number       INTEGER NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    state        TEXT NOT NULL,
    due_at       INTEGER,
    fingerprints TEXT NOT NULL CHECK (json_valid(fingerprints)),
    changed_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX incidents_number ON incidents (number);
CREATE INDEX incidents_open ON incidents (number) WHERE state <> 'closed';
CREATE INDEX incidents_changed ON incidents (changed_at);

CREATE TABLE events (
    incident   TEXT NOT NULL REFERENCES incidents (id),
    sequence   INTEGER NOT NULL CHECK (sequence > 0),
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    body       TEXT NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (incident, sequence)
);

-- Alerts as they came in. `became` is NULL until the row is settled; the others are set with it.
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,
    alert       TEXT NOT NULL CHECK (json_valid(alert)),
    received_at INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,
    became      TEXT CHECK (became IN ('incident', 'joined', 'ignored', 'quarantined')),
    incident    TEXT REFERENCES incidents (id),
    reason      TEXT NOT NULL DEFAULT '',
    settled_at  INTEGER
);
CREATE INDEX inbox_pending ON inbox (id) WHERE became IS NULL;
CREATE INDEX inbox_keys ON inbox (source, key, received_at) WHERE key <> '';

-- Where messages stand in Slack: a cache of the view, so it needs no incident to exist.
CREATE TABLE posted (
    incident TEXT NOT NULL,
    key      TEXT NOT NULL,
    channel  TEXT NOT NULL,
    ts       TEXT NOT NULL,
    thread   TEXT NOT NULL,
    shown    TEXT NOT NULL,
    PRIMARY KEY (incident, key)
) WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('epoch', 0);
