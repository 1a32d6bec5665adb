"""SUBSCRIBE: the client asks for topics (MQTT 5 and 3.1.1, section 3.8)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import malformed, protocol_error, too_many
from uns.mqtt.topic_text import check_filter
from uns.mqtt.wire import Body, encode_frame, encode_text

_NO_LOCAL, _RETAIN_AS_PUBLISHED, _RETAIN_HANDLING_SHIFT, _RESERVED = 0x04, 0x08, 4, 0xC0

MOST_FILTERS = 2_000
"""In one SUBSCRIBE or UNSUBSCRIBE: a megabyte of them would hold up every other client for half a second."""


class Subscription(msgspec.Struct):
    """One filter and its options. retain_handling: 0 send retained, 1 only if the subscription is new, 2 never."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(msgspec.Struct):
    packet_id: int
    subscriptions: list[Subscription]
    properties: Properties | None = None


def read(body: Body, flags: int) -> Subscribe:
    packet_id = body.packet_id()
    properties = read_properties(body, "SUBSCRIBE") if body.version == 5 else None
    subscriptions: list[Subscription] = []
    while body:
        if len(subscriptions) == MOST_FILTERS:
            raise too_many("topic filters", MOST_FILTERS)
        topic_filter = body.text()  # MQTT-3.8.3-1
        check_filter(topic_filter)
        options = body.byte()
        subscriptions.append(_read_options(topic_filter, options) if body.version == 5 else _v3(topic_filter, options))
    if not subscriptions:  # MQTT-3.8.3-2; in 3.1.1 MQTT-3.8.3-3
        raise protocol_error("SUBSCRIBE has no topic filter")
    return Subscribe(packet_id, subscriptions, properties)


def _v3(topic_filter: str, options: int) -> Subscription:
    if options > 2:  # 3.1.1: MQTT-3-8.3-4
        raise malformed("SUBSCRIBE has a requested QoS that is none of 0, 1 and 2")
    return Subscription(topic_filter, options)


def _read_options(topic_filter: str, options: int) -> Subscription:
    """The subscription options byte of MQTT 5 (section 3.8.3.1)."""
    if options & _RESERVED:  # MQTT-3.8.3-5
        raise malformed("SUBSCRIBE sets reserved subscription options")
    qos = options & 3
    if qos == 3:
        raise protocol_error("SUBSCRIBE asks for QoS 3")
    retain_handling = options >> _RETAIN_HANDLING_SHIFT & 3
    if retain_handling == 3:
        raise protocol_error("SUBSCRIBE has retain handling 3")
    no_local = bool(options & _NO_LOCAL)
    if no_local and topic_filter.startswith("$share/"):  # MQTT-3.8.3-4
        raise protocol_error("SUBSCRIBE sets No Local on a shared subscription")
    return Subscription(topic_filter, qos, no_local, bool(options & _RETAIN_AS_PUBLISHED), retain_handling)


def write(packet: Subscribe, version: int) -> bytes:
    parts = [packet.packet_id.to_bytes(2, "big")]
    if version == 5:
        parts.append(encode_properties(packet.properties, "SUBSCRIBE"))
    for subscription in packet.subscriptions:
        options = subscription.qos if version != 5 else _options(subscription)
        parts += (encode_text(subscription.filter), bytes((options,)))
    return encode_frame(0x82, *parts)


def _options(subscription: Subscription) -> int:
    return (
        subscription.qos
        | _NO_LOCAL * subscription.no_local
        | _RETAIN_AS_PUBLISHED * subscription.retain_as_published
        | subscription.retain_handling << _RETAIN_HANDLING_SHIFT
    )
