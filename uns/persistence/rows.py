"""How do the rows of a broker stand in the tables? Columns in the order of the migrations, and back.

Integers, texts and bytearrays only: sqlite3 binds these at once, and looks for an adapter for anything else (None, bool
and bytes among them), which takes longer than the rest of the row.
"""

from typing import Any

import msgspec

from uns.broker import Delivery, Publisher, Retained, SessionRow, StoredMessage, SubscriptionOptions, Will
from uns.link import Message, Properties

Row = tuple[Any, ...]

_encoder = msgspec.msgpack.Encoder()
_encode = _encoder.encode
_encode_into = _encoder.encode_into
_decode_properties = msgspec.msgpack.Decoder(Properties).decode
_decode_delivery = msgspec.msgpack.Decoder(Delivery).decode


def session_row(session: SessionRow) -> Row:
    return (session.number, session.client_id, session.user, session.role, session.expiry_s, session.left_ms)


def subscription_row(session: int, topic_filter: str, options: SubscriptionOptions) -> Row:
    return (
        session,
        topic_filter,
        options.qos,
        int(options.no_local),
        int(options.retain_as_published),
        options.retain_handling,
        options.identifier,
    )


def to_subscription(row: Row) -> tuple[int, str, SubscriptionOptions]:
    session, topic_filter, qos, no_local, retain_as_published, retain_handling, identifier = row
    options = SubscriptionOptions(qos, bool(no_local), bool(retain_as_published), retain_handling, identifier)
    return session, topic_filter, options


def message_row(stored: StoredMessage) -> Row:
    return (stored.number, *_columns(stored.message))


def to_message(row: Row) -> Message:
    """Of the seven columns of a message."""
    topic, payload, qos, retain, properties, publisher, received_ms = row
    return Message(topic, payload, qos, bool(retain), _unpack(properties), publisher, received_ms)


def delivery_row(delivery: Delivery) -> Row:
    body = bytearray()
    _encode_into(delivery, body)
    return (delivery.number, body)


def to_delivery(body: bytes) -> Delivery:
    delivery = _decode_delivery(body)
    if delivery.message is not None and delivery.message.properties is not None:
        delivery.message.properties = _paired(delivery.message.properties)
    return delivery


def delivery_body(*columns: Any) -> bytes:
    """The body of a delivery that an earlier version left in columns; SQLite calls this when it migrates the file."""
    number, session, shared, qos, retain, packet_id, released, identifiers, share, expires_ms, *message = columns
    return _encode(
        Delivery(
            number,
            session,
            None if shared else to_message(tuple(message)),
            shared,
            qos,
            bool(retain),
            packet_id,
            bool(released),
            tuple(map(int, identifiers.split(","))) if identifiers else (),
            share,
            expires_ms or None,
        )
    )


def will_row(will: Will) -> Row:
    who = will.publisher
    columns = (who.client_id, will.user, who.role, who.address, who.protocol, will.delay_s, will.due_ms)
    return (*columns, *_columns(will.message))


def to_will(row: Row) -> Will:
    client_id, user, role, address, protocol, delay_s, due_ms, *columns = row
    return Will(Publisher(client_id, role, address, protocol), user, to_message(tuple(columns)), delay_s, due_ms)


def retained_row(retained: Retained) -> Row:
    topic, payload, qos, _, *rest = _columns(retained.message)
    return (topic, payload, qos, *rest, retained.expires_ms or 0)


def to_retained(row: Row) -> Retained:
    topic, payload, qos, properties, publisher, received_ms, expires_ms = row
    message = Message(topic, payload, qos, True, _unpack(properties), publisher, received_ms)
    return Retained(message, expires_ms or None)


def _columns(message: Message) -> Row:
    return (
        message.topic,
        bytearray(message.payload),
        message.qos,
        1 if message.retain else 0,
        "" if message.properties is None else bytearray(_encode(message.properties)),
        message.publisher,
        message.received_ms,
    )


def _unpack(packed: Any) -> Properties | None:
    if not packed:
        return None
    return _paired(_decode_properties(packed))


def _paired(properties: Properties) -> Properties:
    """MessagePack makes lists of the pairs."""
    if "user_property" in properties:
        properties["user_property"] = [tuple(pair) for pair in properties["user_property"]]
    return properties
