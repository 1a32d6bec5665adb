-- number: given once, ascending, never reused. Times: UTC milliseconds; 0 for never. Empty stands for nothing, there are
-- no NULLs: Python binds integers and texts several times as fast.
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

-- A message that more than one session waits for, once for all of them. properties: MessagePack.
CREATE TABLE message (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    properties BLOB NOT NULL,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL
);

-- One message on its way to one session. shared: its row in `message`; 0 when it stands here, from topic on.
-- packet_id 0: it has none yet; released: PUBREC has come; identifiers: of subscriptions, `1,2`; share: the shared
-- subscription it came by.
CREATE TABLE delivery (
    number INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    shared INTEGER NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    released INTEGER NOT NULL,
    identifiers TEXT NOT NULL,
    share TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    message_qos INTEGER NOT NULL,
    message_retain INTEGER NOT NULL,
    properties BLOB NOT NULL,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL
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
    properties BLOB NOT NULL,
    publisher TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
