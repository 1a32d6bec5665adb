"""How do the rows of a broker stand in the tables? Columns in the order of the migrations, and back.

Integers, texts and bytearrays only: sqlite3 binds these at once, and looks for an adapter for anything else (None, bool
and bytes among them), which takes longer than the rest of the row.
"""

from functools import lru_cache
from typing import Any

import msgspec

from uns.broker import Delivery, Retained, SessionRow, StoredMessage, SubscriptionOptions
from uns.link import Message, Properties

Row = tuple[Any, ...]

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode
_NOWHERE = ("", "", 0, 0, "", "", 0)
"""The message columns of a delivery whose message stands in its own table."""


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
    return (
        delivery.number,
        delivery.session,
        delivery.shared,
        delivery.qos,
        1 if delivery.retain else 0,
        delivery.packet_id,
        1 if delivery.released else 0,
        _join(delivery.identifiers) if delivery.identifiers else "",
        delivery.share,
        delivery.expires_ms or 0,
        *(_NOWHERE if delivery.shared else _columns(delivery.message)),
    )


def to_delivery(row: Row, shared_messages: dict[int, Message]) -> Delivery:
    number, session, shared, qos, retain, packet_id, released, identifiers, share, expires_ms, *columns = row
    return Delivery(
        number,
        session,
        shared_messages[shared] if shared else to_message(tuple(columns)),
        shared,
        qos,
        bool(retain),
        packet_id,
        bool(released),
        _split(identifiers) if identifiers else (),
        share,
        expires_ms or None,
    )


@lru_cache(maxsize=64)
def _join(identifiers: tuple[int, ...]) -> str:
    """Of thousands of identifiers, which are the same from message to message."""
    return ",".join(map(str, identifiers))


@lru_cache(maxsize=64)
def _split(text: str) -> tuple[int, ...]:
    """One tuple for all rows that have the same."""
    return tuple(map(int, text.split(",")))


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
    properties = _decode(packed)
    if "user_property" in properties:
        properties["user_property"] = [tuple(pair) for pair in properties["user_property"]]
    return properties
