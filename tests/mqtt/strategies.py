"""Every packet of every version, as hypothesis makes them up."""

from typing import Any

from hypothesis import strategies as st

from uns.mqtt import (
    Auth,
    Connack,
    Connect,
    ConnectWill,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Side,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
)
from uns.mqtt.packets.disconnect import DISCONNECT_TAKEN
from uns.mqtt.properties import PROPERTIES
from uns.mqtt.reason import ALLOWED
from uns.topics import has_unwanted

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = texts.filter(lambda text: not has_unwanted(text))
levels = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="/+#"), max_size=6
)
topics = st.lists(levels, min_size=1, max_size=4).map("/".join).filter(lambda topic: topic and topic[0] != "$")
filters = st.one_of(
    topics,
    topics.map("$share/group/{}".format),
    topics.map("{}/#".format),
    topics.map("+/{}".format),
    st.sampled_from(["#", "+", "/", "+/+/#"]),
)
payloads = st.binary(max_size=300)
packet_ids = st.integers(1, 65_535)
_BITS = {"byte": 8, "uint16": 16, "uint32": 32, "varint": 28}
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "binary": st.binary(max_size=20),
    "_read_pair": st.tuples(texts, texts),
}


@st.composite
def properties(draw: st.DrawFn, packet: str, *, without: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    rows = [row for row in PROPERTIES if packet in row.packets and row.name not in without]
    chosen = {}
    for row in draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.identifier, max_size=6)):
        kind = row.read.__name__
        if kind in _VALUES:
            value = _VALUES[kind]
        else:
            allowed = row.values or range(2**32)
            value = st.integers(allowed.start, min(allowed.stop, 2 ** _BITS[kind]) - 1)
        if row.name == "response_topic":
            value = topics
        chosen[row.name] = draw(st.lists(value, min_size=1, max_size=4) if packet in row.repeatable else value)
    if "authentication_data" in chosen:
        chosen.setdefault("authentication_method", "SCRAM-SHA-256")
    return chosen or None


def _for(version: int, packet: str, **more: Any) -> st.SearchStrategy[Any]:
    return properties(packet, **more) if version == 5 else st.none()


def _wills(version: int) -> st.SearchStrategy[Any]:
    return st.builds(ConnectWill, topics, payloads, st.integers(0, 2), st.booleans(), _for(version, "WILL"))


@st.composite
def connects(draw: st.DrawFn, version: int) -> Connect:
    username = draw(st.none() | names)
    password = draw(st.none() | st.binary(max_size=20)) if version == 5 or username is not None else None
    client_id = draw(names.filter(bool))
    will = draw(st.none() | _wills(version))
    keep_alive = draw(st.integers(0, 65_535))
    some = draw(_for(version, "CONNECT"))
    return Connect(client_id, version, draw(st.booleans()), keep_alive, username, password, will, some)


@st.composite
def publishes(draw: st.DrawFn, version: int, side: Side) -> Publish:
    qos = draw(st.integers(0, 2))
    by_client = frozenset(["subscription_identifier"]) if side is Side.SERVER else frozenset()
    some = draw(_for(version, "PUBLISH", without=by_client))
    topic = "" if some and "topic_alias" in some and draw(st.booleans()) else draw(topics)
    dup = bool(qos) and draw(st.booleans())
    return Publish(topic, draw(payloads), qos, draw(st.booleans()), dup, draw(packet_ids) if qos else None, some)


def _acks(kind: Any, name: str, version: int) -> st.SearchStrategy[Any]:
    codes = st.sampled_from(sorted(ALLOWED[name])) if version == 5 else st.just(0)
    return st.builds(kind, packet_ids, codes, _for(version, name))


def _subscriptions(version: int) -> st.SearchStrategy[Subscription]:
    if version != 5:
        return st.builds(Subscription, filters, st.integers(0, 2))
    every = st.builds(Subscription, filters, st.integers(0, 2), st.booleans(), st.booleans(), st.integers(0, 2))
    return every.filter(lambda each: not (each.no_local and each.filter.startswith("$share/")))


def _code_lists(name: str, version: int) -> st.SearchStrategy[list[int]]:
    if version == 5:
        return st.lists(st.sampled_from(sorted(ALLOWED[name])), min_size=1, max_size=5)
    return st.just([]) if name == "UNSUBACK" else st.lists(st.sampled_from([0, 1, 2, 0x80]), min_size=1, max_size=5)


@st.composite
def connacks(draw: st.DrawFn, version: int) -> Connack:
    codes = sorted(ALLOWED["CONNACK"]) if version == 5 else [0, 0x84, 0x85, 0x86, 0x87, 0x88]
    code = draw(st.sampled_from(codes))
    return Connack(not code and version != 3 and draw(st.booleans()), code, draw(_for(version, "CONNACK")))


def _auths() -> st.SearchStrategy[Auth]:
    method = properties("AUTH").map(lambda some: {"authentication_method": "M", **(some or {})})
    return st.builds(Auth, st.sampled_from([0, 0x18, 0x19]), method) | st.just(Auth())


def packets(side: Side, version: int) -> st.SearchStrategy[Packet]:
    """What this side may receive once connected."""
    named = (("PUBACK", Puback), ("PUBREC", Pubrec), ("PUBREL", Pubrel), ("PUBCOMP", Pubcomp))
    choices: list[st.SearchStrategy[Any]] = [publishes(version, side)]
    choices += [_acks(kind, name, version) for name, kind in named]
    if side is Side.SERVER:
        subscribing = st.lists(_subscriptions(version), min_size=1, max_size=4)
        choices += [
            st.builds(Subscribe, packet_ids, subscribing, _for(version, "SUBSCRIBE")),
            st.builds(Unsubscribe, packet_ids, st.lists(filters, min_size=1, max_size=4), _for(version, "UNSUBSCRIBE")),
            st.just(Pingreq()),
        ]
    else:
        choices += [
            connacks(version),
            st.builds(Suback, packet_ids, _code_lists("SUBACK", version), _for(version, "SUBACK")),
            st.builds(Unsuback, packet_ids, _code_lists("UNSUBACK", version), _for(version, "UNSUBACK")),
            st.just(Pingresp()),
        ]
    if version == 5:
        own = frozenset(["session_expiry_interval"]) if side is Side.CLIENT else frozenset()
        codes = st.sampled_from(sorted(DISCONNECT_TAKEN[side]))
        choices += [st.builds(Disconnect, codes, properties("DISCONNECT", without=own)), _auths()]
    elif side is Side.SERVER:
        choices.append(st.just(Disconnect()))
    return st.one_of(choices)
