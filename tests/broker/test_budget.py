"""What counts as memory, and who gives way when it is short?"""

import pytest

from tests.broker.conftest import compile_admission
from tests.broker.floor import KEEP, Floor, offline
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Trouble
from uns.broker.budget import LOOK_MS, SMALLEST_CUT_BYTES
from uns.errors import Finding
from uns.mqtt import ConnectWill, Disconnect, Puback, Publish, ReasonCode, Unsubscribe, encode

MIB = 1 << 20


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
