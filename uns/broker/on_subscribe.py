"""SUBSCRIBE and UNSUBSCRIBE (MQTT 5, 3.8 to 3.11)."""

from typing import TYPE_CHECKING

from uns.broker.subscriptions import SubscriptionOptions
from uns.errors import Finding, answer
from uns.mqtt import ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe
from uns.topics import parse_share

if TYPE_CHECKING:
    from uns.broker.connection import Connection


V3_SUBSCRIBE_FAILURE = 0x80
FILTERS_PER_PACKET = 1000


def on_subscribe(connection: "Connection", packet: Subscribe) -> None:
    session = connection.session
    assert session is not None
    if len(packet.subscriptions) > FILTERS_PER_PACKET or len(connection.feeds) > FILTERS_PER_PACKET:
        connection.disconnect(
            ReasonCode.QUOTA_EXCEEDED, f"more than {FILTERS_PER_PACKET} filters wait for their retained messages"
        )
        return
    identifier = (packet.properties or {}).get("subscription_identifier", 0)
    sessions, ledger = connection.broker.sessions, connection.broker.ledger
    ledger.begin()
    codes: list[int] = []
    problems: list[Finding] = []
    changed: list[str] = []
    for wanted in packet.subscriptions:
        if wanted.no_local and wanted.filter.startswith("$share/"):  # MQTT-3.8.3-4
            connection.disconnect(ReasonCode.PROTOCOL_ERROR, "No Local is not allowed on a shared subscription")
            return
        options = SubscriptionOptions(
            wanted.qos, wanted.no_local, wanted.retain_as_published, wanted.retain_handling, identifier
        )
        before = session.subscriptions.get(wanted.filter)
        short = connection.broker.budget.keeping_finding(len(wanted.filter)) if before is None else None
        result = short or sessions.subscribe(session, wanted.filter, options)
        if isinstance(result, Finding):
            problems.append(result)
            codes.append(_subscribe_failure(connection, result))
            continue
        connection.feeds.append(result)
        codes.append(wanted.qos)
        if before != options:
            changed.append(parse_share(wanted.filter)[1])
    connection.broker.door.invalidate(changed)
    properties = connection.problem(problems[0]) if problems and connection.version == 5 else None
    connection.answer(Suback(packet.packet_id, codes, properties), ledger.owed())


def _subscribe_failure(connection: "Connection", finding: Finding) -> int:
    if connection.version < 5:
        return V3_SUBSCRIBE_FAILURE
    return ReasonCode.TOPIC_FILTER_INVALID if finding.id == "topic.filter" else answer(finding).mqtt_reason


def on_unsubscribe(connection: "Connection", packet: Unsubscribe) -> None:
    session = connection.session
    assert session is not None
    ledger = connection.broker.ledger
    ledger.begin()
    codes = [
        0 if connection.broker.sessions.unsubscribe(session, topic_filter) else ReasonCode.NO_SUBSCRIPTION_EXISTED
        for topic_filter in packet.filters
    ]
    connection.answer(Unsuback(packet.packet_id, [int(code) for code in codes], None), ledger.owed())
