"""PUBLISH in both directions, and the acknowledgements of QoS 1 and 2 (MQTT 5, 3.3 to 3.7 and 4.3)."""

from typing import TYPE_CHECKING

from uns.broker.quota import user_property_finding
from uns.errors import answer
from uns.link import Message, Properties
from uns.mqtt import Puback, Pubcomp, Publish, Pubrec, Pubrel, ReasonCode
from uns.policy.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from uns.broker.connection import Connection


UNTOLD_MAXIMUM = 2000
"""Messages under way from a client of MQTT 3.1.1; more than any client library sends by itself."""


def on_publish(connection: "Connection", packet: Publish) -> None:
    session = connection.session
    assert session is not None
    session.messages_in += 1
    connection.broker.stats.messages_in += 1
    properties = packet.properties
    topic = packet.topic
    if properties is not None and "topic_alias" in properties:
        resolved = _resolve_alias(connection, topic, properties)
        if resolved is None:
            return
        topic = resolved
        properties = {name: value for name, value in properties.items() if name != "topic_alias"} or None
    if packet.qos and _exceeds_receive_maximum(connection, packet):
        return
    broker, publisher = connection.broker, connection.publisher
    excess = user_property_finding(properties, broker.limits) if properties is not None else None
    if packet.qos:
        broker.ledger.begin()
        short = broker.budget.publish_finding(packet.retain, packet.payload)
        if short is not None and connection.version < 5:
            # Its acknowledgement cannot refuse, so there is none: the client keeps the message.
            connection.disconnect(ReasonCode.QUOTA_EXCEEDED, short.what, "max_memory_bytes")
            return
        excess = short or excess
    if packet.qos == 2 and _is_repeated(connection, packet.packet_id):
        return
    failing = broker.ledger.failing
    if failing is not None and packet.qos == 2 and session.number:  # its packet id could not be kept
        broker.stats.publishes_unkept += 1
        verdict = Verdict(Outcome.REJECTED, failing)
    elif excess is None:
        verdict = broker.door.offer(publisher, topic, packet.payload, packet.qos, packet.retain, properties)
    else:
        verdict = broker.door.refuse(publisher, Message(topic, packet.payload, packet.qos, packet.retain), excess)
    refused = verdict.finding is not None and not verdict.delivered
    if refused and packet.qos and connection.version < 5 and verdict.finding is failing:
        connection.close()  # an acknowledgement would promise what cannot be kept, and 3.1.1 has no word for no
    elif packet.qos == 2 and packet.packet_id is not None:
        if not refused or connection.version < 5:
            _take_id(connection, packet.packet_id)
        _acknowledge(connection, Pubrec, packet.packet_id, verdict)
    elif packet.qos == 1 and packet.packet_id is not None:
        _acknowledge(connection, Puback, packet.packet_id, verdict)
    if refused and (packet.qos == 0 or connection.version < 5):
        broker.door.notify_rejected(publisher.client_id, topic, verdict)
    if refused:
        broker.notices.over_quota(connection, verdict.finding)


def _is_repeated(connection: "Connection", packet_id: int | None) -> bool:
    """A QoS 2 packet id that is in use is only acknowledged: its message is known (MQTT-4.3.3-10)."""
    session = connection.session
    assert session is not None
    assert packet_id is not None
    if packet_id not in session.incoming:
        return False
    connection.receiving.add(packet_id)
    # Its message may not be on disk yet, even if the session has become one that is not kept.
    connection.answer(Pubrec(packet_id), connection.broker.ledger.barrier())
    return True


def _take_id(connection: "Connection", packet_id: int) -> None:
    """Note a QoS 2 packet id until PUBREL; a message that was refused with a code of 0x80 and more leaves none."""
    session = connection.session
    assert session is not None
    connection.receiving.add(packet_id)
    session.incoming.add(packet_id)
    if session.number:
        connection.broker.ledger.taken(session, packet_id, is_taken=True)


def _exceeds_receive_maximum(connection: "Connection", packet: Publish) -> bool:
    """End a connection that has more messages under way than it was told.

    Only MQTT 5 can be told; 3.1.1 has a bound of its own, so that nobody leaves all its packet ids unreleased.
    """
    limit = connection.broker.limits.receive_maximum
    if connection.version < 5:
        limit = max(limit, UNTOLD_MAXIMUM)
    is_known = packet.qos == 2 and packet.packet_id in connection.receiving
    if is_known or connection.unacknowledged < limit:
        return False
    connection.disconnect(
        ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
        f"{limit} messages (mqtt.receive_maximum) are not acknowledged to the end yet (MQTT-3.3.4-7)",
    )
    return True


def _forget_id(connection: "Connection", packet_id: int) -> None:
    session = connection.session
    assert session is not None
    connection.receiving.discard(packet_id)
    if packet_id in session.incoming:
        session.incoming.discard(packet_id)
        if session.number:
            connection.broker.ledger.taken(session, packet_id, is_taken=False)


def _resolve_alias(connection: "Connection", topic: str, properties: Properties) -> str | None:
    alias: int = properties["topic_alias"]
    if not 0 < alias <= connection.broker.limits.topic_alias_maximum:  # MQTT-3.3.2-9
        connection.disconnect(
            ReasonCode.TOPIC_ALIAS_INVALID,
            f"topic alias {alias} is not between 1 and {connection.broker.limits.topic_alias_maximum}",
        )
        return None
    if topic:
        before = connection.aliases.get(alias, "")
        if topic != before:
            connection.aliases[alias] = topic
            connection.keep(len(topic) - len(before))
        return topic
    known = connection.aliases.get(alias)
    if known is None:
        connection.disconnect(ReasonCode.PROTOCOL_ERROR, f"topic alias {alias} was never set")
    return known


def _acknowledge(connection: "Connection", kind: type[Puback] | type[Pubrec], packet_id: int, verdict: Verdict) -> None:
    finding, promise = verdict.finding, connection.broker.ledger.owed()
    if finding is None or connection.version < 5:
        connection.answer(kind(packet_id), promise)
    elif verdict.delivered:
        connection.answer(kind(packet_id, 0, connection.problem(finding)), promise)
    else:
        connection.answer(kind(packet_id, answer(finding).mqtt_reason, connection.problem(finding)), promise)


def on_puback(connection: "Connection", packet: Puback) -> None:
    assert connection.session is not None
    if _is_expected(connection, packet, qos=1):
        connection.session.acknowledged(packet.packet_id)


def on_pubcomp(connection: "Connection", packet: Pubcomp) -> None:
    assert connection.session is not None
    if _is_expected(connection, packet, qos=2, released=True):
        connection.session.acknowledged(packet.packet_id)


def _is_expected(
    connection: "Connection", packet: Puback | Pubrec | Pubcomp, *, qos: int, released: bool = False
) -> bool:
    """Does the answer suit the message with its packet id? One without message is for its reader to judge.

    MQTT-4.3.2-2, MQTT-4.3.3-4, -5: a client that answers QoS 1 like QoS 2 has lost track of what it has.
    """
    assert connection.session is not None
    outgoing = connection.session.inflight.get(packet.packet_id)
    if outgoing is None or (outgoing.qos == qos and outgoing.released >= released):
        return True
    kind = type(packet).__name__.upper()
    connection.disconnect(
        ReasonCode.PROTOCOL_ERROR,
        f"{kind} came for packet id {packet.packet_id}, which is at QoS {outgoing.qos} and awaits another answer",
    )
    return False


def on_pubrec(connection: "Connection", packet: Pubrec) -> None:
    session = connection.session
    assert session is not None
    if not _is_expected(connection, packet, qos=2):
        return
    outgoing = session.inflight.get(packet.packet_id)
    if packet.reason_code >= 0x80:
        session.acknowledged(packet.packet_id)
    elif outgoing is None:
        connection.send(
            Pubrel(packet.packet_id, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND if connection.version == 5 else 0)
        )
    else:
        ledger = connection.broker.ledger
        ledger.begin()
        if not outgoing.released:
            outgoing.released = True
            if outgoing.number:
                ledger.released(outgoing)
        connection.answer(Pubrel(packet.packet_id), ledger.owed() or (ledger.barrier() if session.number else None))


def on_pubrel(connection: "Connection", packet: Pubrel) -> None:
    session = connection.session
    assert session is not None
    ledger = connection.broker.ledger
    ledger.begin()
    known = packet.packet_id in session.incoming
    _forget_id(connection, packet.packet_id)
    missing = ReasonCode.PACKET_IDENTIFIER_NOT_FOUND if connection.version == 5 and not known else 0
    connection.answer(Pubcomp(packet.packet_id, missing), ledger.owed())
