"""How do the rows of a broker stand in the tables? Columns in the order of the migrations, and back."""

from typing import Any

import msgspec

from uns.broker import Delivery, Retained, SessionRow, StoredMessage, SubscriptionOptions
from uns.link import Message, Properties

Row = tuple[Any, ...]

_encode = msgspec.msgpack.encode
_decode_properties = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_identifiers = msgspec.msgpack.Decoder(tuple[int, ...]).decode


def session_row(session: SessionRow) -> Row:
    return (session.number, session.client_id, session.user, session.role, session.expiry_s, session.left_ms)


def subscription_row(session: int, topic_filter: str, options: SubscriptionOptions) -> Row:
    return (
        session,
        topic_filter,
        options.qos,
        options.no_local,
        options.retain_as_published,
        options.retain_handling,
        options.identifier,
    )


def to_subscription(row: Row) -> tuple[int, str, SubscriptionOptions]:
    session, topic_filter, qos, no_local, retain_as_published, retain_handling, identifier = row
    options = SubscriptionOptions(qos, bool(no_local), bool(retain_as_published), retain_handling, identifier)
    return session, topic_filter, options


def message_row(stored: StoredMessage) -> Row:
    message = stored.message
    return (
        stored.number,
        message.topic,
        message.payload,
        message.qos,
        message.retain,
        _pack(message.properties),
        message.publisher,
        message.received_ms,
    )


def to_message(row: Row) -> tuple[int, Message]:
    number, topic, payload, qos, retain, properties, publisher, received_ms = row
    return number, Message(topic, payload, qos, bool(retain), _unpack(properties), publisher, received_ms)


def delivery_row(delivery: Delivery) -> Row:
    return (
        delivery.number,
        delivery.session,
        delivery.message,
        delivery.qos,
        delivery.retain,
        delivery.packet_id,
        delivery.released,
        _encode(delivery.identifiers) if delivery.identifiers else None,
        delivery.share,
        delivery.expires_ms,
    )


def to_delivery(row: Row) -> Delivery:
    number, session, message, qos, retain, packet_id, released, identifiers, share, expires_ms = row
    told = () if identifiers is None else _decode_identifiers(identifiers)
    return Delivery(number, session, message, qos, bool(retain), packet_id, bool(released), told, share, expires_ms)


def retained_row(retained: Retained) -> Row:
    message = retained.message
    return (
        message.topic,
        message.payload,
        message.qos,
        _pack(message.properties),
        message.publisher,
        message.received_ms,
        retained.expires_ms,
    )


def to_retained(row: Row) -> Retained:
    topic, payload, qos, properties, publisher, received_ms, expires_ms = row
    return Retained(Message(topic, payload, qos, True, _unpack(properties), publisher, received_ms), expires_ms)


def _pack(properties: Properties | None) -> bytes | None:
    return None if properties is None else _encode(properties)


def _unpack(packed: bytes | None) -> Properties | None:
    if packed is None:
        return None
    properties = _decode_properties(packed)
    if "user_property" in properties:
        properties["user_property"] = [tuple(pair) for pair in properties["user_property"]]
    return properties
