CREATE TABLE models (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    document TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    active_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (name, version)
) WITHOUT ROWID;
