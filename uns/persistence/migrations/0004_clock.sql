-- One row. Times in the other tables are those of a clock of the disk's own, which goes on with the monotonic clock of the
-- machine: now_ms is its last reading, wall_ms what the wall clock said then. Until the first row they are UTC.
CREATE TABLE clock (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    now_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL
);
