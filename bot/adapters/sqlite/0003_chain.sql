-- Version 3. The chain over events and freezes, in one order. `content` holds what an entry covers where its row may change.
CREATE TABLE chain (
    number   INTEGER PRIMARY KEY CHECK (number > 0),
    subject  TEXT NOT NULL CHECK (subject IN ('event', 'freeze')),
    name     TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    content  TEXT CHECK (content IS NULL OR json_valid(content))
);
CREATE UNIQUE INDEX chain_events ON chain (name, sequence) WHERE subject = 'event';
CREATE INDEX chain_freezes ON chain (name) WHERE subject = 'freeze';

-- What stood here before is chained by the program, which can hash, when it next opens the file.
INSERT INTO meta (name, value) VALUES ('unchained', 1);
