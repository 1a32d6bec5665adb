"""SUBSCRIBE and UNSUBSCRIBE (MQTT 5, 3.8 to 3.11)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from uns.broker.subscriptions import SubscriptionOptions
from uns.errors import Finding, answer
from uns.mqtt import ReasonCode, Suback, Subscribe, Unsuback, Unsubscribe

if TYPE_CHECKING:
    from uns.broker.connection import Connection
    from uns.broker.inlet import Feed

V3_SUBSCRIBE_FAILURE = 0x80
FILTERS_AT_ONCE = 32


def on_subscribe(connection: "Connection", packet: Subscribe) -> None:
    connection.in_steps(_subscribe(connection, packet))


def _subscribe(connection: "Connection", packet: Subscribe) -> Iterator[None]:
    session = connection.session
    assert session is not None
    identifier = (packet.properties or {}).get("subscription_identifier", 0)
    sessions, ledger = connection.broker.sessions, connection.broker.ledger
    ledger.begin()
    codes: list[int] = []
    problems: list[Finding] = []
    changed: list[str] = []
    feeds: dict[str, Feed] = {}
    for number, wanted in enumerate(packet.subscriptions):
        if number and number % FILTERS_AT_ONCE == 0:
            yield
            if connection.session is not session:
                break
            ledger.begin()
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
            feeds[wanted.filter] = result
        codes.append(wanted.qos)
        if before != options:
            changed.append(wanted.filter)
    connection.broker.door.invalidate(changed)
    for topic_filter, feed in feeds.items():
        if topic_filter in session.subscriptions:
            session.feeds.pop(topic_filter, None)  # what it has not sent yet is in the new one
            session.feeds[topic_filter] = feed
    if connection.session is session:
        properties = connection.problem(problems[0]) if problems and connection.version == 5 else None
        promise = ledger.owed()
        if session.number and len(codes) > max(FILTERS_AT_ONCE, len(problems)):
            promise = ledger.barrier()  # behind the batches that earlier steps may be in
        connection.answer(Suback(packet.packet_id, codes, properties), promise)


def _subscribe_failure(connection: "Connection", finding: Finding) -> int:
    if connection.version < 5:
        return V3_SUBSCRIBE_FAILURE
    return ReasonCode.TOPIC_FILTER_INVALID if finding.id == "topic.filter" else answer(finding).mqtt_reason


def on_unsubscribe(connection: "Connection", packet: Unsubscribe) -> None:
    connection.in_steps(_unsubscribe(connection, packet))


def _unsubscribe(connection: "Connection", packet: Unsubscribe) -> Iterator[None]:
    session = connection.session
    assert session is not None
    ledger = connection.broker.ledger
    ledger.begin()
    gone: dict[str, None] = {}
    codes: list[int] = []
    for topic_filter in packet.filters:
        is_there = topic_filter in session.subscriptions and topic_filter not in gone
        codes.append(0 if is_there else int(ReasonCode.NO_SUBSCRIPTION_EXISTED))
        if is_there:
            gone[topic_filter] = None
    yield from connection.broker.sessions.unsubscribe(session, gone)
    if connection.session is session:
        # While the disk refuses, waiting would gain nothing: UNSUBACK has no code that says so.
        promise = ledger.barrier() if gone and session.number and ledger.failing is None else None
        connection.answer(Unsuback(packet.packet_id, codes, None), promise)
