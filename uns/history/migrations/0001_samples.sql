-- One row per topic and source time. The primary key is the table itself, so that a range of one topic lies together.
-- quality and kind are numbers given in uns/history/values.py; value has no declared type, so that SQLite stores what
-- it is given (a REAL stays a REAL, an INTEGER an INTEGER of 64 bits).
CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL UNIQUE
);

CREATE TABLE samples (
    topic_id INTEGER NOT NULL REFERENCES topics (id),
    timestamp_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    quality INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value,
    PRIMARY KEY (topic_id, timestamp_ms)
) WITHOUT ROWID;
