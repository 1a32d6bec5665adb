"""Where does the broker draw its lines, with which reason code, and what is counted and told?"""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits, Notice, State, Trouble
from uns.broker.address import host_of
from uns.broker.admittance import TOLD_AT_ONCE
from uns.broker.budget import LOOK_MS, SMALLEST_CUT_BYTES
from uns.broker.expiries import SWEEP_MS, SWEPT_AT_ONCE
from uns.broker.kept import Retained, Snapshot
from uns.broker.notices import LOOK_MS as NOTICES_LOOK_MS
from uns.broker.notices import PER_HOST_KEPT, QUIET_MS, TROUBLES_KEPT
from uns.errors import Finding
from uns.link import Message
from uns.mqtt import ConnectWill, Disconnect, Puback, Publish, ReasonCode, Subscribe, Subscription, Unsubscribe, encode
from uns.policy.violation import Violation


class Floor:
    """A broker with these limits, its clock, and what it told."""

    def __init__(self, **limits: int) -> None:
        self.clock = FakeClock()
        self.notices: list[Notice] = []
        self.violations: list[Violation] = []
        self.broker = Broker(
            compile_admission(),
            self.clock,
            limits=Limits(**limits),
            authenticate=by_username,
            on_violation=self.violations.append,
            on_notice=self.notices.append,
        )

    def peer(self, client_id: str, *, version: int = 5, address: str = "192.0.2.1:40000", **connect) -> Peer:
        peer = Peer(self.broker, version, address)
        peer.connack = peer.connect(client_id, **connect)
        return peer

    def advance(self, ms: int) -> None:
        self.clock.advance(ms)
        self.broker.tick()

    @property
    def told(self) -> list[tuple[Trouble, str]]:
        return [(notice.trouble, notice.client_id) for notice in self.notices]


# --- who may come in ------------------------------------------------------------------------------------------------


def test_an_address_has_so_many_connections_and_others_come_in() -> None:
    floor = Floor(max_connections_per_address=2)
    first, _ = floor.peer("a"), floor.peer("b")
    third = floor.peer("c")
    assert third.connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert "mqtt.max_connections_per_address" in third.connack.properties["reason_string"]
    assert floor.peer("d", address="192.0.2.2:1").connack.reason_code == 0
    assert floor.notices[0].setting == "max_connections_per_address"
    first.lose()
    assert floor.peer("e").connack.reason_code == 0


def test_the_newest_is_turned_away_even_when_an_older_one_connects_later() -> None:
    floor = Floor(max_connections=1)
    early, late = Peer(floor.broker), Peer(floor.broker)
    assert late.connect("late").reason_code == ReasonCode.QUOTA_EXCEEDED
    assert early.connect("early").reason_code == 0


def test_a_flood_past_the_limit_is_closed_without_waiting_for_its_connects() -> None:
    floor = Floor(max_connections_per_address=1)
    peers = [Peer(floor.broker) for _ in range(TOLD_AT_ONCE + 11)]
    assert sum(peer.is_closed for peer in peers) == 10
    assert floor.broker.stats.connections == TOLD_AT_ONCE + 1
    assert floor.told == [(Trouble.REFUSED, "")]
    for peer in peers:
        peer.lose()
    assert floor.broker.stats.connections == 0
    assert floor.peer("a").connack.reason_code == 0


def test_an_address_makes_so_many_connections_per_second() -> None:
    floor = Floor(max_connect_rate=3)
    codes = [floor.peer(f"c{number}").connack.reason_code for number in range(4)]
    assert codes == [0, 0, 0, ReasonCode.CONNECTION_RATE_EXCEEDED]
    assert floor.peer("elsewhere", address="192.0.2.2:1").connack.reason_code == 0
    floor.clock.advance(400)
    assert floor.peer("later").connack.reason_code == 0


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.1:40000", "192.0.2.1"),
        ("[2001:db8:1:2:3:4:5:6]:1883", "2001:db8:1:2::/64"),
        ("[::1]:1883", "::1"),
        ("[fe80::1%eth0]:1883", "fe80::/64"),
        ("[::ffff:192.0.2.1]:1883", "192.0.2.1"),
        ("somewhere", "somewhere"),
    ],
)
def test_an_ipv6_client_counts_as_its_network(address: str, host: str) -> None:
    assert host_of(address) == host


def test_past_the_sessions_only_those_that_end_with_their_connection_come_in() -> None:
    floor = Floor(max_sessions=1)
    keeper = floor.peer("keeper", properties={"session_expiry_interval": 60})
    keeper.lose()
    late = floor.peer("late", properties={"session_expiry_interval": 60})
    assert late.connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.peer("old", version=4, clean=False).connack.reason_code == ReasonCode.SERVER_UNAVAILABLE
    assert floor.peer("passing").connack.reason_code == 0
    assert floor.peer("keeper", clean=False).connack.session_present
    assert floor.broker.stats.sessions_refused == 2


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_client_id_has_so_many_bytes(version: int) -> None:
    floor = Floor(max_client_id_bytes=24)
    assert floor.peer("ü" * 12, version=version).connack.reason_code == 0
    refused = floor.peer("ü" * 12 + "x", version=version)
    assert refused.connack.reason_code == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID  # on the wire 2 before MQTT 5
    assert refused.is_closed
    (notice,) = floor.notices
    assert (notice.client_id, notice.setting) == ("", "max_client_id_bytes")
    assert "25 bytes, more than 24" in notice.detail
    if version == 5:
        assert "mqtt.max_client_id_bytes" in refused.connack.properties["reason_string"]


# --- what may be sent -----------------------------------------------------------------------------------------------


def test_a_topic_has_so_many_bytes() -> None:
    floor = Floor(max_topic_bytes=20)
    peer = floor.peer("p")
    peer.publish("open/" + "ü" * 8, qos=1)
    assert peer.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    peer.publish("open/" + "ü" * 7, qos=1)
    assert peer.take_one().reason_code in (0, ReasonCode.NO_MATCHING_SUBSCRIBERS)
    assert peer.subscribe("open/" + "x" * 16).reason_codes == [ReasonCode.TOPIC_FILTER_INVALID]
    refused = floor.peer("w", will=ConnectWill("open/" + "x" * 16, b"")).connack
    assert refused.reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert "mqtt.max_topic_bytes" in refused.properties["reason_string"]


@pytest.mark.parametrize("pairs", [[("k", "v")] * 3, [("k" * 9, "v" * 9)]])
def test_a_message_carries_so_many_user_properties(pairs: list[tuple[str, str]]) -> None:
    floor = Floor(max_user_properties=2, max_user_property_bytes=15)
    peer = floor.peer("p")
    peer.publish("open/x", qos=1, properties={"user_property": pairs})
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/x", qos=1, properties={"user_property": [("k", "v")]})
    assert peer.take_one().reason_code == 0
    will = ConnectWill("open/x", b"", properties={"user_property": pairs})
    assert floor.peer("w", will=will).connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.broker.stats.quota_refused == 2
    assert (Trouble.PUBLISH_OVER_QUOTA, "p") in floor.told


def test_so_much_is_retained_and_what_is_kept_may_still_change_and_go() -> None:
    floor = Floor(max_retained_messages=2)
    peer = floor.peer("p")
    codes = []
    for topic, payload in [("a", b"1"), ("b", b"1"), ("c", b"1"), ("a", b"2"), ("b", b""), ("c", b"1")]:
        peer.publish(f"open/{topic}", payload, qos=1, retain=True)
        codes.append(peer.take_one().reason_code)
    assert codes == [0, 0, ReasonCode.QUOTA_EXCEEDED, 0, 0, 0]
    assert floor.broker.stats.retained == 2
    assert floor.broker.stats.retained_refused == 1
    for topic in "ac":
        peer.publish(f"open/{topic}", b"", retain=True)
    assert (floor.broker.stats.retained, floor.broker.stats.retained_bytes) == (0, 0)


def test_retained_bytes_are_bounded() -> None:
    floor = Floor(max_retained_bytes=2200)
    peer = floor.peer("p")
    peer.publish("open/a", b"x" * 1800, retain=True)
    peer.publish("open/b", b"x" * 1800, qos=1, retain=True)
    assert peer.take()[-1].reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/a", b"x" * 10, retain=True)
    peer.publish("open/b", b"x" * 1800, qos=1, retain=True)
    assert peer.take()[-1].reason_code == 0


def test_an_expired_retained_message_makes_room() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 1})
    floor.clock.advance(1000)
    assert list(floor.broker.retained("open/a")) == []
    assert floor.broker.stats.retained == 0


def test_who_names_what_is_too_deep_is_counted_and_told() -> None:
    floor = Floor(max_topic_levels=3)
    peer = floor.peer("p")
    for _ in range(3):
        assert peer.subscribe("open/a/b/c", "open/a/b").reason_codes == [ReasonCode.TOPIC_FILTER_INVALID, 0]
        peer.publish("open/a/b/c", qos=1)
        assert peer.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert (floor.broker.stats.subscribes_refused, floor.broker.stats.violations) == (3, 3)
    assert floor.told == [(Trouble.SUBSCRIBE_OVER_QUOTA, "p"), (Trouble.PUBLISH_OVER_QUOTA, "p")]
    assert all("mqtt.max_topic_levels" in notice.detail for notice in floor.notices)


FAULTS: dict[int, list[object]] = {
    ReasonCode.MALFORMED_PACKET: [Publish("open/\x01", b"")],
    ReasonCode.PROTOCOL_ERROR: [Publish("", b"", properties={"topic_alias": 1})],
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED: [Publish("open/x", b"", 2, packet_id=number + 1) for number in range(3)],
    ReasonCode.TOPIC_ALIAS_INVALID: [Publish("open/x", b"", properties={"topic_alias": 9})],
    ReasonCode.PACKET_TOO_LARGE: [Publish("open/x", b"x" * 30_000)],
    ReasonCode.QUOTA_EXCEEDED: [Subscribe(1, [Subscription("a")] * 2001)],
}


@pytest.mark.parametrize("code", FAULTS)
def test_who_breaks_the_standard_is_counted_once(code: int) -> None:
    floor = Floor(receive_maximum=2, topic_alias_maximum=3, max_packet_bytes=20_100)
    peer = floor.peer("p")
    peer.send(*FAULTS[code])
    assert peer.take()[-1].reason_code == code
    assert floor.broker.stats.protocol_errors == 1
    assert floor.told == [(Trouble.CUT, "p")]


def test_who_is_cut_for_another_reason_broke_nothing() -> None:
    floor = Floor()
    first = floor.peer("p")
    floor.peer("p")
    assert first.take_one().reason_code == ReasonCode.SESSION_TAKEN_OVER
    floor.broker.shut_down()
    assert floor.broker.stats.protocol_errors == 0


def test_what_is_retained_against_a_rule_that_is_only_watched_is_bounded_too() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/x", retain=True)
    for branch in ("watched", "lenient"):
        peer.publish(f"acme/ghent/packaging/{branch}/filler", b"no JSON", qos=1)
        assert peer.take_one().reason_code == 0
        peer.publish(f"acme/ghent/packaging/{branch}/filler", b"no JSON", qos=1, retain=True)
        assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    assert floor.broker.stats.retained == 1


def test_identifiers_that_can_come_together_are_bounded() -> None:
    floor = Floor(max_subscription_identifiers=2)
    peer = floor.peer("p", properties=KEEP)
    seven = {"subscription_identifier": 7}
    wide = ["open/+/a", "open/#", "open/+/b"]
    assert peer.subscribe(*wide, properties=seven).reason_codes == [0, 0, ReasonCode.QUOTA_EXCEEDED]
    assert floor.told == [(Trouble.SUBSCRIBE_OVER_QUOTA, "p")]
    assert floor.notices[0].setting == "max_subscription_identifiers"
    assert peer.subscribe("open/+/b").reason_codes == [0]
    assert peer.subscribe("open/+/b", properties=seven).reason_codes == [ReasonCode.QUOTA_EXCEEDED]
    assert peer.subscribe("open/x", "open/y", "$share/g/open/#", "open/#", properties=seven).reason_codes == [0] * 4
    peer.send(Unsubscribe(1, ["open/+/a"]))
    peer.take()
    assert peer.subscribe("open/+/b", "open/+/c", properties=seven).reason_codes == [0, ReasonCode.QUOTA_EXCEEDED]
    assert floor.broker.stats.subscriptions_over_quota == 3


def test_expired_retained_messages_go_though_nobody_asks() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 10})
    floor.advance(9_500)
    assert floor.broker.stats.retained == 1
    floor.advance(SWEEP_MS)
    assert (floor.broker.stats.retained, floor.broker.stats.retained_bytes) == (0, 0)
    assert floor.broker.stats.expired == 1
    peer.publish("open/b", b"1", qos=1, retain=True)
    assert peer.take_one().reason_code == 0


def test_a_retained_message_that_is_set_again_expires_at_its_new_time() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for later_s in (10, 20, 5, 30):
        peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": later_s})
    peer.publish("open/b", b"1", retain=True, properties={"message_expiry_interval": 5})
    peer.publish("open/b", b"2", retain=True)
    for _ in range(29):
        floor.advance(1000)
    assert floor.broker.stats.retained == 2
    floor.advance(1000)
    floor.advance(1000)
    assert [message.topic for message in floor.broker.retained("#")] == ["open/b"]
    assert len(floor.broker.expiries) == 0


def test_what_is_cleared_before_its_time_leaves_nothing_behind() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for number in range(1000):
        later = {"message_expiry_interval": 100_000 - number}
        peer.publish(f"open/{number}", b"1", retain=True, properties=later)
        peer.publish(f"open/{number}", b"", retain=True)
        peer.publish("open/again", b"1", retain=True, properties=later)
    assert len(floor.broker.expiries) == 1
    assert len(floor.broker.expiries._heap) <= 65


def test_many_that_expire_at_once_go_in_portions() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for number in range(SWEPT_AT_ONCE + 10):
        peer.publish(f"open/{number}", b"1", retain=True, properties={"message_expiry_interval": 1})
    floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 10
    floor.advance(10)
    assert floor.broker.stats.retained == 0


def test_what_expired_while_the_broker_was_away_goes_too() -> None:
    floor = Floor()
    now_ms = floor.clock.wall_ms()
    kept = [
        Retained(Message("open/dead", b"1", retain=True), now_ms - 5),
        Retained(Message("open/soon", b"1", retain=True), now_ms + 5000),
        Retained(Message("open/ever", b"1", retain=True), None),
    ]
    floor.broker.restore(Snapshot([], [], {}, [], [], [], kept))
    floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 2
    for _ in range(6):
        floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 1


def test_an_expired_retained_message_leaves_the_disk() -> None:
    clock = FakeClock()
    broker = Broker(compile_admission(), clock, authenticate=by_username, keeps=True)
    peer = Peer(broker)
    peer.connect("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 1})
    batch = broker.ledger.take()
    assert batch is not None
    assert batch.retained["open/a"] is not None
    broker.ledger.settled(batch)
    clock.advance(2 * SWEEP_MS)
    broker.tick()
    batch = broker.ledger.take()
    assert batch is not None
    assert batch.retained == {"open/a": None}


# --- how fast -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_past_its_rate_a_client_is_read_more_slowly_and_loses_nothing(version: int) -> None:
    floor = Floor(max_publish_rate=100)
    fast, reader = floor.peer("fast", version=version, keep_alive=1), floor.peer("reader")
    reader.subscribe("open/#")
    frame = encode(Publish("open/x", b"x" * 100), version)
    for _ in range(3):
        fast.connection.receive(frame * 100)
    assert fast.connection.throttled
    assert not fast.connection.wants_input
    assert not fast.connection.busy
    first = len(reader.take())
    assert 100 < first <= 300
    for _ in range(22):
        floor.advance(100)
        fast.connection.proceed()
    assert first + len(reader.take()) == 300
    assert fast.connection.state is State.OPEN, "the silence was the broker's, not the client's"
    assert not fast.connection.throttled
    assert fast.connection.wants_input
    assert floor.told == [(Trouble.TOO_FAST, "fast")]
    assert floor.broker.stats.reads_slowed >= 1


def test_a_client_within_its_rate_is_never_slowed() -> None:
    floor = Floor(max_publish_rate=100, max_publish_bytes_rate=100_000)
    peer = floor.peer("p")
    for _ in range(50):
        for _ in range(10):
            peer.publish("open/x", b"x" * 100)
        assert not peer.connection.throttled
        floor.advance(100)


def test_bytes_have_a_rate_too_and_the_server_is_woken_when_time_is_up() -> None:
    floor = Floor(max_publish_bytes_rate=10_000)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 15_000)
    assert peer.connection.throttled
    floor.broker.ready.clear()
    peer.connection.ready = False
    floor.advance(400)
    assert peer.connection.throttled
    floor.advance(110)
    assert not peer.connection.throttled
    assert floor.broker.ready == [peer.connection]


def test_a_throttled_connection_that_closes_leaves_no_timer() -> None:
    floor = Floor(max_publish_bytes_rate=10)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 100)
    peer.lose()
    floor.advance(60_000)
    assert peer.is_closed


# --- memory ---------------------------------------------------------------------------------------------------------

MIB = 1 << 20


def offline(floor: Floor, client_id: str, topic_filter: str = "open/#") -> None:
    peer = floor.peer(client_id, properties={"session_expiry_interval": 3600})
    peer.subscribe(topic_filter, qos=1)
    peer.lose()


def test_the_fullest_queue_gives_way_when_all_together_are_too_much() -> None:
    floor = Floor(max_queued_total_bytes=200_000)
    offline(floor, "hog", "open/#")
    offline(floor, "modest", "open/small")
    peer = floor.peer("p")
    peer.publish("open/small", b"x", qos=1)
    for number in range(300):
        peer.publish("open/large", b"x" * 1000, qos=1, packet_id=number + 2)
    floor.advance(LOOK_MS)
    assert floor.broker.stats.queued_bytes <= 200_000
    assert floor.broker.stats.queue_shed >= 150
    assert len(floor.broker.sessions.get("modest").queue) == 1
    assert floor.told == [(Trouble.QUEUE_FULL, "hog")]
    assert floor.notices[0].setting == "max_queued_total_bytes"


def test_a_message_that_no_queue_has_room_for_sheds_itself_alone() -> None:
    floor = Floor(max_queued_bytes=10_000)
    offline(floor, "away")
    peer = floor.peer("p")
    for number in range(3):
        peer.publish("open/small", b"x" * 1000, qos=1, packet_id=number + 1)
    peer.publish("open/large", b"x" * 20_000, qos=1, packet_id=4)
    session = floor.broker.sessions.get("away")
    assert [outgoing.message.topic for outgoing in session.queue] == ["open/small"] * 3
    assert (session.dropped, floor.broker.stats.queue_shed) == (1, 1)
    assert floor.notices[0].setting == "max_queued_bytes"


def test_a_message_for_many_sleepers_counts_once_in_the_total() -> None:
    floor = Floor(max_queued_total_bytes=200_000)
    for number in range(30):
        offline(floor, f"s{number}")
    peer = floor.peer("p")
    for number in range(5):
        peer.publish("open/x", b"x" * 5000, qos=1, packet_id=number + 1)
    floor.advance(LOOK_MS)
    assert 25_000 < floor.broker.stats.queued_bytes < 60_000
    assert floor.broker.stats.queue_shed == 0
    for number in range(30):
        floor.peer(f"s{number}")
    floor.advance(LOOK_MS)
    assert floor.broker.stats.queued_bytes == 0


def test_short_memory_names_who_holds_most() -> None:
    floor = Floor(max_memory_bytes=MIB, max_queued_bytes=10 * MIB)
    offline(floor, "away")
    peer = floor.peer("p")
    for number in range(95):
        peer.publish("open/x", b"x" * 10_000, qos=1, packet_id=number + 1)
    floor.advance(LOOK_MS)
    (notice,) = floor.notices
    assert notice.trouble is Trouble.MEMORY_SHORT
    assert f"the largest share by client 'away' ({floor.broker.sessions.get('away').held_bytes} bytes)" in notice.detail


def test_short_memory_says_when_retained_messages_hold_most() -> None:
    floor = Floor(max_memory_bytes=MIB)
    peer = floor.peer("p")
    for number in range(95):
        peer.publish(f"open/{number}", b"x" * 10_000, retain=True)
    floor.advance(LOOK_MS)
    assert "the largest share by retained messages (" in floor.notices[0].detail


def test_short_memory_names_a_connection_without_a_client() -> None:
    floor = Floor(max_memory_bytes=MIB, max_packet_bytes=2 * MIB)
    peer = Peer(floor.broker, 5, "192.0.2.7:1")
    peer.connection.receive(b"\x10\x80\x80\x40" + b"\x00\x04MQTT\x05\x00\x00\x00\x00" + b"x" * 940_000)
    floor.advance(LOOK_MS)
    assert "by the connection from 192.0.2.7:1 (" in floor.notices[0].detail


def test_short_memory_refuses_qos_1_and_2_but_not_qos_0_and_recovers() -> None:
    floor = Floor(max_memory_bytes=MIB, max_queued_bytes=10 * MIB)
    offline(floor, "away")
    peer, old = floor.peer("p"), floor.peer("old", version=4)
    for number in range(95):
        peer.publish("open/x", b"x" * 10_000, qos=1, packet_id=number + 1)
    floor.advance(LOOK_MS)
    peer.take()
    peer.publish("open/x", qos=1)
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/x", qos=2)
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/x", qos=0)
    assert peer.take() == []
    old.publish("open/x", qos=1)
    assert old.take() == []
    assert old.is_closed, "3.1.1 cannot be refused in the acknowledgement, so it gets none and keeps the message"
    assert (Trouble.MEMORY_SHORT, "") in floor.told
    away = floor.peer("away", clean=False)
    assert away.connack.session_present
    while packets := [*away.backlog, *away.take()]:
        away.backlog = []
        away.send(*(Puback(packet.packet_id) for packet in packets))
    floor.advance(LOOK_MS)
    peer.publish("open/x", qos=1)
    assert peer.take_one().reason_code == 0


def test_short_memory_refuses_what_would_be_retained_on_one_more_topic() -> None:
    floor = Floor(max_memory_bytes=MIB)
    peer = floor.peer("p")
    for number in range(94):
        peer.publish(f"open/{number}", b"x" * 10_000, retain=True)
    floor.advance(LOOK_MS)
    held = floor.broker.stats.retained_bytes
    peer.publish("open/new", b"1", retain=True)
    peer.publish("open/0", b"x" * 20_000, retain=True)
    assert (floor.broker.stats.retained_bytes, floor.broker.stats.memory_refused) == (held, 2)
    assert (Trouble.PUBLISH_OVER_QUOTA, "p") in floor.told
    peer.publish("open/new", b"1")
    assert floor.broker.current("open/new").payload == b"1", "what is not retained goes on"
    for payload in (b"y" * 10_000, b"y", b"y" * 500):
        peer.publish("open/0", payload, retain=True)
        assert floor.broker.current("open/0").retained.payload == payload
    peer.publish("open/1", b"", qos=1, retain=True)
    assert peer.take_one().reason_code == 0, "what clears makes room"
    for number in range(2, 20):
        peer.publish(f"open/{number}", b"", retain=True)
    floor.advance(LOOK_MS)
    peer.publish("open/new", b"1", retain=True)
    assert floor.broker.current("open/new").retained.payload == b"1"


def test_a_flood_of_retained_qos_0_stops_before_others_must_give_way() -> None:
    floor = Floor(max_memory_bytes=MIB, max_queued_bytes=10 * MIB)
    offline(floor, "away", "open/mine")
    peer = floor.peer("p")
    peer.publish("open/mine", b"x" * 10_000, qos=1)
    for number in range(5000):
        peer.publish(f"open/{number}", b"x" * 1000, retain=True)
        floor.advance(5)
    assert 7 / 8 * MIB <= floor.broker.stats.memory_bytes <= MIB
    assert len(floor.broker.sessions.get("away").queue) == 1
    assert (floor.broker.stats.queue_shed, floor.broker.stats.memory_cut) == (0, 0)


def test_names_are_memory_too() -> None:
    floor = Floor(max_client_id_bytes=65_535)
    peer = floor.peer("x" * 60_000, username="engineer")
    assert floor.broker.stats.client_bytes > 60_000
    peer.lose()
    assert floor.broker.stats.client_bytes == 0


def test_a_connect_whose_password_is_being_verified_is_memory_too() -> None:
    waiting = []
    broker = Broker(compile_admission(), FakeClock(), authenticate=lambda credentials, answer: waiting.append(answer))
    will = ConnectWill("open/w", b"x" * 50_000, properties={"user_property": [("k", "v")] * 100})
    peers = [Peer(broker) for _ in range(2)]
    for number, peer in enumerate(peers):
        peer.send_connect(f"c{number}", will=will, username="u" * 50_000)
    assert 200_000 < broker.stats.client_bytes < 250_000
    peers[0].lose()
    for answer in waiting:
        answer(Finding(id="access.credentials", what="no."))
    assert broker.stats.client_bytes == 0


def test_thousands_of_identifiers_fill_a_queue_by_their_bytes() -> None:
    floor = Floor(max_queued_bytes=100_000)
    away = floor.peer("away", properties=KEEP)
    for number in range(1000):
        levels = "/".join("+" if number >> bit & 1 else "a" for bit in range(10))
        away.subscribe(f"open/{levels}", qos=1, properties={"subscription_identifier": 268_000_000 + number})
    away.lose()
    peer = floor.peer("p")
    for number in range(50):
        peer.publish("open/" + "/".join("a" * 10), qos=1, packet_id=number + 1)
    session = floor.broker.sessions.get("away")
    assert len(session.queue) == 9
    assert floor.broker.sessions.held.bytes == session.held_bytes
    back = floor.peer("away", clean=False, properties=KEEP)
    first = next(packet for packet in (*back.backlog, *back.take()) if isinstance(packet, Publish))
    assert len(first.properties["subscription_identifier"]) == 1000


def test_who_does_not_read_is_cut_when_memory_is_short() -> None:
    floor = Floor(max_memory_bytes=MIB)
    lazy, keen, peer = floor.peer("lazy"), floor.peer("keen"), floor.peer("p")
    for reader in (lazy, keen):
        reader.subscribe("open/#")
    for _ in range(12):
        peer.publish("open/x", b"x" * 100_000)
        keen.take()
    floor.advance(LOOK_MS)
    assert lazy.is_closed
    *_, goodbye = lazy.take()
    assert isinstance(goodbye, Disconnect)
    assert goodbye.reason_code == ReasonCode.QUOTA_EXCEEDED
    assert not keen.is_closed
    assert floor.broker.stats.memory_cut == 1


def test_packets_that_never_end_are_memory_too() -> None:
    floor = Floor(max_memory_bytes=MIB)
    peers = [floor.peer(f"c{number}") for number in range(4)]
    whole = encode(Publish("open/x", b"x" * 500_000), 5)
    for peer in peers:
        peer.connection.receive(whole[:-1])
    floor.advance(LOOK_MS)
    assert 1 <= sum(peer.is_closed for peer in peers) <= 2
    assert floor.broker.stats.memory_bytes <= MIB
    assert floor.broker.stats.unfinished_bytes > SMALLEST_CUT_BYTES


def test_large_values_that_are_not_retained_go_when_they_are_too_much() -> None:
    floor = Floor(max_memory_bytes=8 * MIB)
    peer = floor.peer("p")
    for number in range(100):
        peer.publish(f"open/{number}", b"x" * 50_000, qos=number % 2)
        peer.publish(f"open/small/{number}", b"x" * 100)
    values = [floor.broker.current(f"open/{number}").payload for number in range(100)]
    kept = [value for value in values if value]
    assert kept == values[-len(kept) :], "the oldest go"
    assert MIB - 50_000 <= sum(map(len, kept)) <= MIB
    assert all(floor.broker.current(f"open/small/{number}").payload for number in range(100))
    floor.advance(LOOK_MS)
    assert MIB - 50_000 <= floor.broker.stats.memory_bytes <= MIB + 10_000


def test_a_large_value_that_is_retained_counts_once_and_stays() -> None:
    floor = Floor(max_memory_bytes=8 * MIB)
    peer = floor.peer("p")
    peer.publish("open/kept", b"x" * 50_000)
    peer.publish("open/kept", b"y" * 50_000, retain=True)
    assert floor.broker.stats.current_bytes == 0
    for number in range(100):
        peer.publish(f"open/{number}", b"x" * 50_000)
    assert floor.broker.current("open/kept").payload == b"y" * 50_000
    peer.publish("open/kept", b"", retain=True)
    for number in range(100):
        peer.publish(f"open/{number}", b"x")
        peer.publish(f"open/{number}", b"", retain=True)
    assert floor.broker.stats.retained_bytes == 0


@pytest.mark.parametrize("branch", ["open", "nobodys"])
def test_made_up_topics_of_long_names_are_bounded_in_bytes(branch: str) -> None:
    floor = Floor(max_memory_bytes=8 * MIB)
    peer = floor.peer("p")
    for number in range(200):
        peer.publish(f"{branch}/{number}/" + "x" * 60_000)
        peer.take()
    door = floor.broker.door
    assert len(door.topics) <= 10
    assert sum(map(len, door._routes.strays)) <= 5 * MIB
    floor.advance(LOOK_MS)
    assert not floor.broker.budget.pressed


def test_topic_aliases_are_memory_too() -> None:
    floor = Floor(max_memory_bytes=MIB)
    greedy, modest = floor.peer("greedy"), floor.peer("modest")
    before = floor.broker.stats.client_bytes
    modest.publish("open/x", properties={"topic_alias": 1})
    modest.publish("open/x", properties={"topic_alias": 1})
    assert floor.broker.stats.client_bytes == before + len("open/x")
    for number in range(1, 31):
        greedy.publish(f"nobodys/{number}/" + "x" * 60_000, properties={"topic_alias": number})
    floor.advance(LOOK_MS)
    assert greedy.is_closed
    assert not modest.is_closed
    modest.lose()
    assert floor.broker.stats.client_bytes == 0


def test_others_long_names_get_no_alias() -> None:
    floor = Floor()
    reader, peer = floor.peer("reader", properties={"topic_alias_maximum": 10}), floor.peer("p")
    reader.subscribe("open/#")
    for properties in (None, {"content_type": "x"}):
        peer.publish("open/" + "x" * 2000, properties=properties)
        packet = reader.take_one()
        assert len(packet.topic) == 2005
        assert "topic_alias" not in (packet.properties or {})


@pytest.mark.parametrize("expiry_s", [0, 3600])
def test_filters_are_memory_too(expiry_s: int) -> None:
    floor = Floor(max_memory_bytes=2 * MIB)
    greedy = floor.peer("greedy", properties={"session_expiry_interval": expiry_s})
    modest = floor.peer("modest", properties={"session_expiry_interval": expiry_s})
    modest.subscribe("open/x")
    for number in range(16):
        assert greedy.subscribe(f"open/{number}/" + "x" * 60_000).reason_codes == [0]
    floor.advance(LOOK_MS)
    assert greedy.subscribe("open/" + "x" * 60_000).reason_codes == [ReasonCode.QUOTA_EXCEEDED]
    assert greedy.subscribe("open/short").reason_codes == [0]
    greedy.send(Unsubscribe(1, [f"open/{number}/" + "x" * 60_000 for number in range(4)]))
    greedy.take()
    floor.advance(LOOK_MS)
    for number in range(8):
        assert greedy.subscribe(f"open/again/{number}/" + "x" * 60_000).reason_codes == [0]
    floor.advance(LOOK_MS)
    assert greedy.is_closed
    assert floor.broker.sessions.get("greedy") is None
    assert floor.broker.sessions.get("modest").subscriptions
    assert not modest.is_closed


LARGE_WILL = ConnectWill("open/w", b"x" * 60_000, properties={"will_delay_interval": 3600})
KEEP = {"session_expiry_interval": 7200}


def test_wills_are_memory_too() -> None:
    floor = Floor(max_memory_bytes=2 * MIB)
    dying = [floor.peer(f"c{number}", will=LARGE_WILL, properties=KEEP) for number in range(31)]
    for peer in dying[:20]:
        peer.lose()  # its will is delayed
    floor.advance(LOOK_MS)
    assert floor.peer("late", will=LARGE_WILL).connack.reason_code == ReasonCode.QUOTA_EXCEEDED
    small = floor.peer("small", will=ConnectWill("open/w", b"x"))
    assert small.connack.reason_code == 0
    for number in range(20):
        floor.peer(f"c{number}", clean=False, properties=KEEP)  # it came back in time
    floor.advance(LOOK_MS)
    assert floor.peer("late", will=LARGE_WILL).connack.reason_code == 0
    assert floor.broker.stats.messages_out == 0


def test_past_the_memory_the_sessions_that_left_the_most_end_and_their_wills_are_due() -> None:
    floor = Floor(max_memory_bytes=MIB)
    watch = floor.peer("watch")
    watch.subscribe("open/w")
    for number in range(18):
        peer = floor.peer(f"c{number}", will=LARGE_WILL, properties=KEEP)
        peer.subscribe("open/" + "x" * 4000)
        peer.lose()
    floor.advance(LOOK_MS)
    wills = len(watch.take())
    assert wills >= 2
    assert floor.broker.stats.memory_cut == wills
    assert floor.broker.stats.sessions == 1 + 18 - wills
    assert floor.broker.stats.memory_bytes <= MIB + wills * 61_000, "a will that is sent is not read yet"
    floor.advance(LOOK_MS)
    assert floor.broker.stats.memory_bytes <= MIB
    assert (Trouble.CUT, "c10") in floor.told


def test_what_nobody_has_stirred_is_not_looked_at() -> None:
    floor = Floor()
    peers = [floor.peer(f"c{number}") for number in range(20)]
    floor.advance(LOOK_MS)
    assert not floor.broker.laden
    peers[3].connection.receive(encode(Publish("open/x", b"x" * 100), 5)[:-1])
    peers[4].connection.write(b"\xd0\x00")
    floor.advance(LOOK_MS)
    assert floor.broker.laden == {peers[3].connection, peers[4].connection}
    assert (floor.broker.stats.unfinished_bytes > 100, floor.broker.stats.unsent_bytes) == (True, 2)
    for peer in peers:
        peer.lose()
    floor.advance(LOOK_MS)
    assert not floor.broker.laden


def test_a_client_that_never_acknowledges_large_messages_holds_no_more_than_its_queue() -> None:
    floor = Floor(max_queued_bytes=100_000, receive_maximum=100)
    deaf, peer = floor.peer("deaf"), floor.peer("p")
    deaf.subscribe("open/#", qos=1)
    for number in range(100):
        peer.publish("open/x", b"x" * 20_000, qos=1, packet_id=number + 1)
    session = floor.broker.sessions.get("deaf")
    assert len(session.inflight) == 5
    assert session.held_bytes <= 200_000
    deaf.send(*(Puback(packet.packet_id) for packet in deaf.take()))
    assert deaf.take()


def test_what_is_in_flight_goes_as_the_last_resort() -> None:
    floor = Floor(max_queued_total_bytes=50_000)
    deaf, peer = floor.peer("deaf"), floor.peer("p")
    deaf.subscribe("open/#", qos=1)
    for number in range(10):
        peer.publish("open/x", b"x" * 20_000, qos=1, packet_id=number + 1)
    taken = deaf.take()
    floor.advance(LOOK_MS)
    assert floor.broker.stats.queued_bytes == 0
    deaf.send(*(Puback(packet.packet_id) for packet in taken))
    assert not deaf.is_closed


# --- one packet -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packet", [Subscribe(1, [Subscription("a")] * 6000), Unsubscribe(1, ["a"] * 6000)])
def test_a_packet_of_thousands_of_filters_is_refused(packet: Subscribe | Unsubscribe) -> None:
    floor = Floor()
    peer = floor.peer("p")
    peer.send(packet)
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED


# --- what is told ---------------------------------------------------------------------------------------------------


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    floor = Floor(max_unsent_bytes=1000)
    slow, peer = floor.peer("slow"), floor.peer("p")
    slow.subscribe("open/#")
    for _ in range(50):
        peer.publish("open/x", b"x" * 500)
    assert [(notice.trouble, notice.over) for notice in floor.notices] == [(Trouble.SLOW, False)]
    for _ in range((QUIET_MS + NOTICES_LOOK_MS) // 1000 + 1):
        floor.advance(1000)
    begun, ended = floor.notices
    assert (ended.trouble, ended.over) == (Trouble.SLOW, True)
    assert ended.count == floor.broker.stats.slow_shed
    assert (begun.client_id, begun.address, begun.setting) == ("slow", "192.0.2.1:40000", "max_unsent_bytes")


def test_made_up_client_ids_make_a_bounded_number_of_lines() -> None:
    floor = Floor()
    for second in range(2 * QUIET_MS // 1000):
        for number in range(10):
            floor.peer(f"c{second}.{number}").connection.receive(b"\x00\x00")
        floor.advance(1000)
    assert len(floor.notices) == PER_HOST_KEPT + 1
    assert [(each.many, each.client_id, each.address) for each in floor.notices[-2:]] == [
        (False, "c0.9", "192.0.2.1:40000"),
        (True, "", "192.0.2.1"),
    ]
    floor.peer("other", address="192.0.2.2:1").connection.receive(b"\x00\x00")
    assert floor.notices[-1].client_id == "other"


def test_made_up_addresses_make_a_bounded_number_of_lines() -> None:
    floor = Floor()
    for number in range(TROUBLES_KEPT + 500):
        floor.peer(f"c{number}", address=f"10.0.{number >> 8}.{number & 255}:1").connection.receive(b"\x00\x00")
    assert len(floor.notices) == TROUBLES_KEPT + 1
    assert (floor.notices[-1].many, floor.notices[-1].address) == (True, "")


def test_a_client_without_an_id_of_its_own_is_told_by_its_address() -> None:
    floor = Floor()
    for port in range(5):
        floor.peer("", address=f"192.0.2.1:{port + 1}").connection.receive(b"\x00\x00")
    (notice,) = floor.notices
    assert (notice.client_id, notice.address) == ("", "192.0.2.1:1")


def test_each_cause_of_one_client_is_told_by_itself() -> None:
    floor = Floor(max_packet_bytes=2000, receive_maximum=1)
    for _ in range(2):
        peer = floor.peer("p")
        for packet_id in (1, 2):
            peer.publish("open/x", b"1", qos=2, packet_id=packet_id)
        floor.peer("p").publish("open/x", b"x" * 3000)
        floor.peer("p").connection.receive(b"\x00\x00")
    begun = [(notice.trouble, notice.setting, notice.detail[:4]) for notice in floor.notices]
    assert begun == [
        (Trouble.CUT, "receive_maximum", "0x93"),
        (Trouble.CUT, "max_packet_bytes", "0x95"),
        (Trouble.CUT, "", "0x82"),
    ]
    for _ in range((QUIET_MS + NOTICES_LOOK_MS) // 1000 + 1):
        floor.advance(1000)
    ended = [(notice.cause, notice.count) for notice in floor.notices if notice.over]
    assert ended == [("receive_maximum", 2), ("max_packet_bytes", 2), ("0x82", 2)]


def test_a_disconnect_says_which_setting_drew_the_line() -> None:
    floor = Floor(max_packet_bytes=2000)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 3000)
    (notice,) = floor.notices
    assert (notice.trouble, notice.client_id, notice.setting) == (Trouble.CUT, "p", "max_packet_bytes")
    assert "0x95" in notice.detail
