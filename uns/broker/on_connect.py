"""CONNECT: may this client come in, with which session, will and keep-alive? (MQTT 5, 3.1)"""

from typing import TYPE_CHECKING

from uns.broker import keep_alive
from uns.broker.aliases import OutgoingAliases
from uns.broker.identity import Credentials, Granted, Publisher
from uns.broker.kept import Will
from uns.broker.limits import Limits
from uns.broker.notices import Trouble
from uns.broker.outlet import cut
from uns.broker.quota import message_bytes, properties_bytes, user_property_finding, weigh
from uns.broker.rate import meter_for
from uns.broker.session import NEVER_EXPIRES_S, Session
from uns.broker.state import State
from uns.errors import Finding, answer, shorten
from uns.link import Message, Properties
from uns.mqtt import Connack, Connect, ConnectWill, ReasonCode

if TYPE_CHECKING:
    from uns.broker.connection import Connection


def on_connect(connection: "Connection", connect: Connect) -> None:
    connection.version = connect.version
    connection.broker.stats.connects += 1
    properties = connect.properties or {}
    connection.acknowledge_problems = properties.get("request_problem_information", 1) == 1
    connection.client_max_packet_bytes = properties.get("maximum_packet_size", 0)  # for a refusal, too: MQTT-3.1.2-24
    broker = connection.broker
    if connection.refusal is not None:
        refuse(connection, connection.refusal.reason_code, connection.refusal.text, connection.refusal.setting)
    elif "authentication_method" in properties:  # MQTT-4.12.0-1
        refuse(
            connection, ReasonCode.BAD_AUTHENTICATION_METHOD, "enhanced authentication is not offered; use a password"
        )
    elif (size := len(connect.client_id.encode())) > broker.limits.max_client_id_bytes:  # MQTT-3.1.3-5
        limit = broker.limits.max_client_id_bytes
        text = f"the client id has {size} bytes, more than {limit} (mqtt.max_client_id_bytes)"
        refuse(connection, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, text, "max_client_id_bytes")
    else:
        client_id = connect.client_id or broker.assign_client_id()
        if _refuse_blocked(connection, client_id, ""):  # before a password costs anything
            return
        connection.state = State.AUTHENTICATING
        connection.keep(_waiting_bytes(connect))
        credentials = Credentials(
            client_id, connect.username, connect.password, connection.address, connection.certified
        )
        broker.authenticate(credentials, lambda granted: _authenticated(connection, connect, client_id, granted))


def _waiting_bytes(connect: Connect) -> int:
    """Roughly what a CONNECT takes in memory while its password waits to be verified."""
    will = connect.will
    size = len(connect.client_id) + len(connect.username or "") + len(connect.password or b"")
    return (
        size + properties_bytes(connect.properties) + (weigh(will.topic, will.payload, will.properties) if will else 0)
    )


def _authenticated(connection: "Connection", connect: Connect, client_id: str, granted: Granted | Finding) -> None:
    if connection.state is not State.AUTHENTICATING:
        return  # gone while the password was checked
    connection.keep(-_waiting_bytes(connect))
    if isinstance(granted, Finding):
        named = connect.username and connection.certified is None
        code = ReasonCode.BAD_USER_NAME_OR_PASSWORD if named else ReasonCode.NOT_AUTHORIZED
        refuse(connection, code, str(granted))
        return
    if _refuse_blocked(connection, client_id, granted.user):
        return
    if connection.broker.sessions.belongs_to_another(client_id, granted):
        # Neither its messages nor its connection may be had by knowing its name.
        refuse(
            connection,
            ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
            f"the session of client id '{shorten(client_id)}' belongs to another user; choose another client id",
        )
        return
    connection.publisher = Publisher(client_id, granted.role, connection.address, connection.protocol)
    full = connection.broker.sessions.room_finding(client_id, _wished_expiry_s(connect))
    if full is not None:
        refuse(connection, ReasonCode.QUOTA_EXCEEDED, str(full), "max_sessions")
        return
    if connect.will is not None and not _accept_will(connection, connect.will, granted.user):
        return
    _open(connection, connect, client_id, granted)


def _refuse_blocked(connection: "Connection", client_id: str, user: str) -> bool:
    """Does a person's decision keep this client out?"""
    why = connection.broker.blocked(client_id, user, connection.host)
    if why:
        connection.broker.stats.connects_blocked += 1
        refuse(connection, ReasonCode.BANNED, why)
    return bool(why)


def _accept_will(connection: "Connection", will: ConnectWill, user: str) -> bool:
    """A will is judged now, so that its client learns of it, and again when it is published."""
    properties = dict(will.properties or {})
    delay_s: int = properties.pop("will_delay_interval", 0)
    publisher = connection.publisher
    message = Message(will.topic, will.payload, will.qos, will.retain, properties or None, publisher.client_id)
    broker = connection.broker
    size = message_bytes(message)
    excess = user_property_finding(message.properties, broker.limits) or broker.budget.keeping_finding(size)
    verdict = (
        broker.door.foresee(publisher, message) if excess is None else broker.door.refuse(publisher, message, excess)
    )
    if verdict.finding is not None and not verdict.delivered:
        refuse(connection, answer(verdict.finding).mqtt_reason, f"will: {verdict.finding}")
        return False
    connection.will = Will(publisher, user, message, delay_s)
    connection.keep(size)
    return True


def _open(connection: "Connection", connect: Connect, client_id: str, granted: Granted) -> None:
    broker, limits = connection.broker, connection.broker.limits
    asked = connect.properties or {}
    connection.send_window = min(limits.receive_maximum, asked.get("receive_maximum", 65_535))
    alias_maximum = min(limits.topic_alias_maximum, asked.get("topic_alias_maximum", 0))
    connection.outgoing_aliases = OutgoingAliases(alias_maximum) if alias_maximum else None
    connection.takes_plain_frames = not connection.client_max_packet_bytes
    broker.ledger.begin()
    expiry_s = min(_wished_expiry_s(connect), limits.session_expiry_max_s)
    session, present = broker.sessions.open(connection, client_id, granted, connect.clean_start, expiry_s)
    connection.session, connection.feeds = session, session.feeds
    connection.meter = meter_for(connection, session.messages_in)
    keep_alive_s = _keep_alive(connection, connect)

    def acknowledge(unkept: Finding | None) -> None:
        if connection.state is not State.AUTHENTICATING:
            return  # gone meanwhile
        if unkept is not None:
            refuse(connection, ReasonCode.QUOTA_EXCEEDED, f"the earlier session cannot be ended: {unkept}")
            return
        if not connection.send(Connack(present, 0, _granted_properties(connect, session, keep_alive_s, limits))):
            connection.will = None  # who was never let in leaves none
            refuse(connection, ReasonCode.PACKET_TOO_LARGE, "the Maximum Packet Size has no room for a CONNACK")
            return
        connection.state = State.OPEN
        if connection.will is not None:
            broker.sessions.wills.keep(connection.will, expiry_s)
        keep_alive.start(connection, keep_alive_s)
        session.resume()
        connection.proceed()

    # A session that its client is told is no more must not come back after a crash. Otherwise at once: what is
    # delivered to the session must not come before (MQTT-3.2.0-1).
    ending = not present and broker.ledger.is_ending(client_id)
    broker.ledger.call_when_kept(broker.ledger.barrier() if ending else None, acknowledge)


def _granted_properties(connect: Connect, session: Session, keep_alive_s: int, limits: Limits) -> Properties | None:
    """What an MQTT 5 client must know: the limits, and where it does not get what it asked for."""
    if connect.version < 5:
        return None
    properties: Properties = {
        "receive_maximum": limits.receive_maximum,
        "maximum_packet_size": limits.max_packet_bytes,
        "topic_alias_maximum": limits.topic_alias_maximum,
    }
    if session.expiry_s != _wished_expiry_s(connect):
        properties["session_expiry_interval"] = session.expiry_s
    if session.client_id != connect.client_id:
        properties["assigned_client_identifier"] = session.client_id
    if keep_alive_s != connect.keep_alive:
        properties["server_keep_alive"] = keep_alive_s
    return properties


def _keep_alive(connection: "Connection", connect: Connect) -> int:
    """Only MQTT 5 can be told another keep-alive than it asked for (MQTT-3.2.2-21)."""
    limit_s = connection.broker.limits.max_keep_alive_s
    if connect.version == 5 and limit_s and not 0 < connect.keep_alive <= limit_s:
        return limit_s
    return connect.keep_alive


def refuse(connection: "Connection", reason_code: int, text: str, setting: str = "") -> None:
    """Answer a CONNECT with the code (3.1.1 gets the nearest it knows, and no text) and close."""
    connection.broker.stats.connects_refused += 1
    connection.broker.notices.closed(connection, Trouble.REFUSED, reason_code, text, setting)
    told: Properties | None = {"reason_string": cut(text)} if connection.acknowledge_problems else None
    connection.send(Connack(False, reason_code, told))
    connection.close()


def _wished_expiry_s(connect: Connect) -> int:
    if connect.version < 5:
        return 0 if connect.clean_start else NEVER_EXPIRES_S
    expiry_s: int = (connect.properties or {}).get("session_expiry_interval", 0)
    return expiry_s
