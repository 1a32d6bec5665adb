"""SUBSCRIBE and UNSUBSCRIBE (MQTT 5, 3.8 to 3.11)."""

from typing import TYPE_CHECKING

from uns.broker.subscriptions import SubscriptionOptions
from uns.errors import Finding, answer
from uns.mqtt import ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe
from uns.topics import parse_share

if TYPE_CHECKING:
    from uns.broker.connection import Connection


V3_SUBSCRIBE_FAILURE = 0x80


def on_subscribe(connection: "Connection", packet: Subscribe) -> None:
    session = connection.session
    assert session is not None
    identifier = (packet.properties or {}).get("subscription_identifier", 0)
    sessions, ledger = connection.broker.sessions, connection.broker.ledger
    ledger.begin()
    codes: list[int] = []
    problems: list[Finding] = []
    changed: list[str] = []
    for wanted in packet.subscriptions:
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
        if result is not None:
            session.feeds.pop(wanted.filter, None)  # what it has not sent yet is in the new one
            session.feeds[wanted.filter] = result
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
    # While the disk refuses, waiting would gain nothing: UNSUBACK has no code that says so.
    promise = ledger.owed() if ledger.failing is None else None
    connection.answer(Unsuback(packet.packet_id, [int(code) for code in codes], None), promise)
