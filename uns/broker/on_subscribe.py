"""SUBSCRIBE and UNSUBSCRIBE (MQTT 5, 3.8 to 3.11)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from uns.broker.subscriptions import SubscriptionOptions
from uns.errors import Finding, answer
from uns.mqtt import ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe

if TYPE_CHECKING:
    from uns.broker.connection import Connection


V3_SUBSCRIBE_FAILURE = 0x80


def on_subscribe(connection: "Connection", packet: Subscribe) -> None:
    session = connection.session
    assert session is not None
    identifier = (packet.properties or {}).get("subscription_identifier", 0)
    codes: list[int] = []
    problems: list[Finding] = []
    retained: list[Callable[[], None]] = []
    for wanted in packet.subscriptions:
        options = SubscriptionOptions(
            wanted.qos, wanted.no_local, wanted.retain_as_published, wanted.retain_handling, identifier
        )
        if wanted.no_local and wanted.filter.startswith("$share/"):  # MQTT-3.8.3-4
            connection.disconnect(ReasonCode.PROTOCOL_ERROR, "No Local is not allowed on a shared subscription")
            return
        result = connection.broker.sessions.subscribe(session, wanted.filter, options, connection.publisher.role)
        if isinstance(result, Finding):
            problems.append(result)
            codes.append(_subscribe_failure(connection, result))
        else:
            retained.append(result)
            codes.append(wanted.qos)
    properties = connection.problem(problems[0]) if problems and connection.version == 5 else None
    connection.send(Suback(packet.packet_id, codes, properties))
    for deliver in retained:
        deliver()


def _subscribe_failure(connection: "Connection", finding: Finding) -> int:
    if connection.version < 5:
        return V3_SUBSCRIBE_FAILURE
    return ReasonCode.TOPIC_FILTER_INVALID if finding.id == "topic.filter" else answer(finding).mqtt_reason


def on_unsubscribe(connection: "Connection", packet: Unsubscribe) -> None:
    session = connection.session
    assert session is not None
    codes = [
        0 if connection.broker.sessions.unsubscribe(session, topic_filter) else ReasonCode.NO_SUBSCRIPTION_EXISTED
        for topic_filter in packet.filters
    ]
    connection.send(Unsuback(packet.packet_id, [int(code) for code in codes], None))
