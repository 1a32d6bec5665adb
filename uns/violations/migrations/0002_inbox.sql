-- Violations of one kind are one group: the same finding, of the same rule, on the same branch, from the same client. Its
-- numbers count every occurrence, those that were shed since or muted too; finding (JSON) and topic are of the latest one;
-- addresses and nearest are JSON lists, the latest first. muted_until_ms: NULL while muted is until somebody unmutes it.
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    finding_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    branch TEXT NOT NULL,
    client_id TEXT NOT NULL,
    count INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    finding TEXT NOT NULL,
    topic TEXT NOT NULL,
    addresses TEXT NOT NULL,
    nearest TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    muted_until_ms INTEGER,
    assigned TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    reopened INTEGER NOT NULL DEFAULT 0,
    UNIQUE (finding_id, rule, branch, client_id)
);

CREATE INDEX groups_by_room ON groups (state = 'open', last_ms);

-- What people decided about a group, and what the platform did by itself (who is then empty).
CREATE TABLE actions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    note TEXT NOT NULL
);

CREATE INDEX actions_by_group ON actions (group_id, id);

-- replay: NULL while quarantine holds the message (or for what was never held), then how its replay ended.
ALTER TABLE violations ADD COLUMN group_id INTEGER;
ALTER TABLE violations ADD COLUMN replay TEXT;
ALTER TABLE violations ADD COLUMN replayed_ms INTEGER;

CREATE INDEX violations_by_group ON violations (group_id, outcome, replay, id);
DROP INDEX violations_by_age;
CREATE INDEX violations_by_age ON violations (outcome = 'quarantined' AND replay IS NULL, id, size);

-- Who may not connect: each of the three that is not empty must be that of the client. address is a host.
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL,
    user TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    UNIQUE (client_id, user, address)
);
