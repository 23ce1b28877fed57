-- Every statement that the store runs after opening, by name. Lists come in as one JSON array.

-- name: take_over
UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value;

-- name: name_owner
INSERT INTO meta (name, value) VALUES ('owner', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: epoch
SELECT value FROM meta WHERE name = 'epoch';

-- name: versions
SELECT id, version FROM incidents WHERE id IN (SELECT value FROM json_each(?));

-- name: inbox_rows
SELECT id, tries, became FROM inbox WHERE id IN (SELECT value FROM json_each(?));

-- name: seen_keys
SELECT inbox.source, inbox.key, max(inbox.received_at)
FROM json_each(?) AS asked
JOIN inbox ON inbox.source = json_extract(asked.value, '$[0]')
    AND inbox.key = json_extract(asked.value, '$[1]')
    AND inbox.key <> ''
GROUP BY inbox.source, inbox.key;

-- name: last_inbox_id
SELECT coalesce(max(id), 0) FROM inbox;

-- name: put_incident
INSERT INTO incidents (id, number, version, state, due_at, fingerprints, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state, due_at = excluded.due_at,
    fingerprints = excluded.fingerprints, changed_at = excluded.changed_at;

-- name: add_event
INSERT INTO events (incident, sequence, at, actor_kind, actor_id, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: add_inbox
INSERT INTO inbox (id, source, key, alert, received_at) VALUES (?, ?, ?, ?, ?);

-- name: settle_inbox
UPDATE inbox SET became = ?, incident = ?, reason = ?, settled_at = ? WHERE id = ?;

-- name: set_tries
UPDATE inbox SET tries = ? WHERE id = ?;

-- name: put_posted
INSERT INTO posted (incident, key, channel, ts, thread, shown) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (incident, key) DO UPDATE SET channel = excluded.channel, ts = excluded.ts, thread = excluded.thread,
    shown = excluded.shown;

-- name: history
SELECT incident, sequence, at, actor_kind, actor_id, kind, body FROM events WHERE incident = ? ORDER BY sequence;

-- name: open_heads
SELECT id, version, state, due_at, fingerprints, changed_at, number FROM incidents WHERE state <> 'closed'
ORDER BY number;

-- name: open_and_recently_closed_heads
SELECT id, version, state, due_at, fingerprints, changed_at, number FROM incidents WHERE state <> 'closed'
UNION ALL
SELECT id, version, state, due_at, fingerprints, changed_at, number FROM incidents
WHERE state = 'closed' AND changed_at >= ?
ORDER BY number;

-- name: acted_since
SELECT id FROM incidents
WHERE id IN (SELECT incident FROM events WHERE kind = 'StepStarted' AND at >= ?1)
    OR (state IN ('running', 'unclear'))
ORDER BY number;

-- name: heads_between
SELECT id, version, state, due_at, fingerprints, changed_at, number FROM incidents
WHERE id IN (SELECT incident FROM events WHERE sequence = 1 AND at >= ? AND at < ?) ORDER BY number;

-- name: recent_heads
SELECT id, version, state, due_at, fingerprints, changed_at, number FROM incidents ORDER BY number DESC LIMIT ?;

-- name: last_number
SELECT max(
    coalesce((SELECT max(number) FROM incidents), 0),
    coalesce((SELECT value FROM meta WHERE name = 'numbers_from'), 0)
);

-- name: pending
SELECT id, alert, received_at, key, tries FROM inbox WHERE became IS NULL ORDER BY id;

-- name: posted
SELECT incident, key, channel, ts, shown, thread FROM posted WHERE incident = ? ORDER BY key;

-- name: index_rows
SELECT id, version, state FROM incidents ORDER BY number;

-- name: index_row
SELECT id, version, state FROM incidents WHERE id = ?;

-- name: index_rows_since
SELECT id, version, state FROM incidents
WHERE id IN (SELECT incident FROM events WHERE sequence = 1 AND at >= ?) ORDER BY number;

-- name: strays
SELECT DISTINCT incident FROM events WHERE incident NOT IN (SELECT id FROM incidents) ORDER BY incident;

-- name: joined_counts
SELECT incident, count(*) FROM inbox WHERE became IN ('incident', 'joined') AND incident IS NOT NULL GROUP BY incident;

-- name: inbox_doubts
SELECT id, source, received_at, coalesce(became, ''), coalesce(incident, ''), reason FROM inbox
WHERE became IS NULL OR (became IN ('incident', 'joined') AND incident IS NULL)
    OR (became IN ('ignored', 'quarantined') AND reason = '')
ORDER BY id;

-- name: put_freeze
INSERT INTO freezes (id, kind, name, reason, person, at, until, lifted_by, lifted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET lifted_by = excluded.lifted_by, lifted_at = excluded.lifted_at;

-- name: freezes
SELECT id, kind, name, reason, person, at, until FROM freezes WHERE lifted_at IS NULL ORDER BY at, id;

-- name: mark_backup
INSERT INTO meta (name, value) VALUES ('backup_at', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: skip_numbers
INSERT INTO meta (name, value) SELECT 'numbers_from', coalesce(max(number), 0) + ?1 FROM incidents WHERE true
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);

-- name: backup_mark
SELECT value FROM meta WHERE name = 'backup_at';

-- name: forget_backup
DELETE FROM meta WHERE name = 'backup_at';

-- name: is_unchained
SELECT count(*) FROM meta WHERE name = 'unchained';

-- name: chained_now
DELETE FROM meta WHERE name = 'unchained';

-- name: all_events
SELECT incident, sequence, at, actor_kind, actor_id, kind, body FROM events ORDER BY rowid;

-- name: all_freezes
SELECT id, kind, name, reason, person, at, until, lifted_by, lifted_at FROM freezes ORDER BY at, id;

-- name: chain_head
SELECT number, value FROM chain ORDER BY number DESC LIMIT 1;

-- name: chain_value
SELECT value FROM chain WHERE number = ?;

-- name: add_link
INSERT INTO chain (number, subject, name, sequence, key, value, content) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: chain_after
SELECT c.number, c.subject, c.name, c.sequence, c.key, c.value, c.content,
    e.incident, e.sequence, e.at, e.actor_kind, e.actor_id, e.kind, e.body
FROM chain AS c LEFT JOIN events AS e ON c.subject = 'event' AND e.incident = c.name AND e.sequence = c.sequence
WHERE c.number > ? ORDER BY c.number LIMIT ?;

-- name: events_outside_the_chain
SELECT incident, sequence FROM events AS e
WHERE NOT EXISTS (SELECT 1 FROM chain AS c WHERE c.subject = 'event' AND c.name = e.incident AND c.sequence = e.sequence)
ORDER BY rowid LIMIT 100;

-- name: last_freeze_entries
SELECT name, content FROM chain WHERE number IN (SELECT max(number) FROM chain WHERE subject = 'freeze' GROUP BY name)
ORDER BY name;

-- name: has_freeze
SELECT count(*) FROM freezes WHERE id = ?;
