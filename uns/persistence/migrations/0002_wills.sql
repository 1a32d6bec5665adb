-- The will of a client, also of one whose session ends with its connection. role, address, protocol: who publishes it.
-- due_ms: when its delay is over; 0 while the client is connected. properties: MessagePack.
CREATE TABLE will (
    client_id TEXT PRIMARY KEY,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    protocol TEXT NOT NULL,
    delay_s INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    properties BLOB NOT NULL,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL
) WITHOUT ROWID;
