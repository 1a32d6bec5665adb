-- One row per set of plant files that was applied, or is being applied. time_ms: UTC since 1970.
CREATE TABLE revisions (
    number INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL,
    changes TEXT NOT NULL
);

-- The files of each revision; equal contents are kept once.
CREATE TABLE contents (
    digest BLOB PRIMARY KEY,
    packed BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE files (
    revision INTEGER NOT NULL REFERENCES revisions (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (revision, name)
) WITHOUT ROWID;

CREATE INDEX files_by_digest ON files (digest);
