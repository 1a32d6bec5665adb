-- A delivery is the most frequent row, and each column of it costs as much as packing them all into one.
-- body: the fields of Delivery (uns/broker/kept.py) as a MessagePack array. delivery_body is uns/persistence/rows.py's.
ALTER TABLE delivery RENAME TO delivery_in_columns;

CREATE TABLE delivery (
    number INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

INSERT INTO delivery
SELECT
    number,
    delivery_body(
        number, session, shared, qos, retain, packet_id, released, identifiers, share, expires_ms,
        topic, payload, message_qos, message_retain, properties, publisher, received_ms
    )
FROM delivery_in_columns ORDER BY number;

DROP TABLE delivery_in_columns;
