-- What an edge node could not send, in the order in which it came. sample: a row of uns/edge/backlog.py in MessagePack.
CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    sample BLOB NOT NULL
);
