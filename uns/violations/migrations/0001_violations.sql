-- One row per message that broke a rule. finding is the whole finding as JSON, finding_id stands beside it to be asked
-- for; properties are MessagePack; size is what the row counts for against the bound on bytes.
-- AUTOINCREMENT: an id is never given twice, so `before ID` pages stay right while old rows are shed.
CREATE TABLE violations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    mode TEXT,
    finding_id TEXT NOT NULL,
    finding TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    properties BLOB,
    client_id TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    size INTEGER NOT NULL
);

CREATE INDEX violations_by_topic ON violations (topic, id);
CREATE INDEX violations_by_client ON violations (client_id, id);
CREATE INDEX violations_by_age ON violations (outcome = 'quarantined', id, size);
