-- number: given once, ascending, never reused; properties: MessagePack; times: UTC milliseconds.
-- left_ms: when the session's client left, 0 while it is connected.
CREATE TABLE session (
    number INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    expiry_s INTEGER NOT NULL,
    left_ms INTEGER NOT NULL
);

CREATE TABLE subscription (
    session INTEGER NOT NULL,
    filter TEXT NOT NULL,
    qos INTEGER NOT NULL,
    no_local INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL,
    retain_handling INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    PRIMARY KEY (session, filter)
) WITHOUT ROWID;

-- A message that sessions wait for, once for all of them.
CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    properties BLOB,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL
);

-- One message on its way to one session. packet_id 0: it has none yet; released: PUBREC has come;
-- identifiers: subscription identifiers, MessagePack; share: the shared subscription it came by, or empty.
CREATE TABLE delivery (
    number INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    message INTEGER NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    released INTEGER NOT NULL,
    identifiers BLOB,
    share TEXT NOT NULL,
    expires_ms INTEGER
);

-- Packet ids of QoS 2 messages that came from the session's client and are not released yet.
CREATE TABLE taken (
    session INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
) WITHOUT ROWID;

CREATE TABLE retained (
    topic TEXT PRIMARY KEY,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    properties BLOB,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    expires_ms INTEGER
) WITHOUT ROWID;
