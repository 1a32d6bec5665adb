"""What a member of a shared subscription leaves behind goes to the others (MQTT 5, 4.8.2)."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.conftest import ACCESS, by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from tests.support.hurried import hurry, work_off
from uns.broker import Broker
from uns.mqtt import Disconnect, Puback, Pubcomp, Publish, Pubrec, Pubrel, ReasonCode, Unsubscribe

FILTER = "$share/workers/open/#"
KEPT = {"session_expiry_interval": 60}


@pytest.fixture
def worker(broker: Broker) -> Peer:
    """The first member; it takes two messages at a time and its session may wait for it."""
    worker = Peer(broker)
    worker.connect("worker", properties={**KEPT, "receive_maximum": 2})
    worker.subscribe(FILTER, qos=2)
    return worker


@pytest.fixture
def stand_in(broker: Broker) -> Callable[[], Peer]:
    def join() -> Peer:
        stand_in = Peer(broker)
        stand_in.connect("stand-in")
        stand_in.subscribe(FILTER, qos=2)
        return stand_in

    return join


def publish(peer: Peer, qos: int, *payloads: bytes, **rest: object) -> None:
    for number, payload in enumerate(payloads):
        peer.publish("open/x", payload, qos=qos, packet_id=number + 1, **rest)
        if qos == 2:
            peer.send(Pubrel(number + 1))
    peer.take()


def payloads(packets: list[Publish]) -> list[bytes]:
    return [packet.payload for packet in packets]


ENDINGS: dict[str, Callable[[Broker, FakeClock, Peer], object]] = {
    "goodbye": lambda broker, clock, worker: worker.send(Disconnect(0, {"session_expiry_interval": 0})),
    "session expired": lambda broker, clock, worker: (worker.lose(), clock.advance(60_000), broker.tick()),
    "clean start": lambda broker, clock, worker: Peer(broker).connect("worker", clean=True),
    "clean start after a loss": lambda broker, clock, worker: (worker.lose(), Peer(broker).connect("worker")),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_session_leaves_at_qos_1_goes_to_another_member(
    broker: Broker, clock: FakeClock, peer: Peer, worker: Peer, stand_in: Callable[[], Peer], ending: str
) -> None:
    publish(peer, 1, b"0", b"1", b"2", b"3")
    worker.send(Puback(worker.take()[0].packet_id))  # 0 is done; 1 and 2 are in flight, 3 waits
    second = stand_in()
    ENDINGS[ending](broker, clock, worker)
    got = second.take()
    assert payloads(got) == [b"1", b"2", b"3"]
    assert not any(packet.dup for packet in got)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_qos_2_message_that_was_sent_goes_to_nobody_else(
    broker: Broker, clock: FakeClock, peer: Peer, worker: Peer, stand_in: Callable[[], Peer], ending: str
) -> None:
    publish(peer, 2, b"0", b"1", b"2")
    worker.send(Pubrec(worker.take()[0].packet_id))  # 0 taken, 1 sent, 2 waits
    second = stand_in()
    ENDINGS[ending](broker, clock, worker)
    assert payloads(second.take()) == [b"2"]  # MQTT-4.8.2-5


def test_a_member_that_may_return_keeps_what_it_was_given(
    broker: Broker, clock: FakeClock, peer: Peer, worker: Peer, stand_in: Callable[[], Peer]
) -> None:
    publish(peer, 1, b"0", b"1", b"2")
    second = stand_in()
    worker.lose()
    publish(peer, 1, b"new")
    assert payloads(second.take()) == [b"new"]
    again = Peer(broker)
    again.connect("worker", clean=False, properties=KEPT)
    assert [(packet.payload, packet.dup) for packet in again.backlog] == [(b"0", True), (b"1", True), (b"2", False)]


def test_unsubscribing_gives_back_what_was_not_sent(
    peer: Peer, worker: Peer, stand_in: Callable[[], Peer], broker: Broker
) -> None:
    publish(peer, 1, b"0", b"1", b"2", b"3")
    sent = worker.take()
    second = stand_in()
    worker.send(Unsubscribe(1, [FILTER]))
    assert payloads(second.take()) == [b"2", b"3"]
    worker.send(*(Puback(packet.packet_id) for packet in sent))  # MQTT-3.10.4-3
    assert [type(packet).__name__ for packet in worker.take()] == ["Unsuback"]
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert second.take() == []


def test_what_came_by_a_plain_subscription_stays(
    broker: Broker, peer: Peer, worker: Peer, stand_in: Callable[[], Peer]
) -> None:
    worker.subscribe("open/#", qos=1)
    publish(peer, 1, b"0", b"1")
    second = stand_in()
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert payloads(second.take()) == [b"0", b"1"]  # of four copies, the two that were shared


@pytest.mark.parametrize(("qos", "refusal"), [(1, Puback), (2, Pubrec)])
def test_a_refused_message_goes_to_nobody_else(
    broker: Broker, peer: Peer, worker: Peer, stand_in: Callable[[], Peer], qos: int, refusal: type[Puback | Pubrec]
) -> None:
    publish(peer, qos, b"0")
    second = stand_in()
    worker.send(refusal(worker.take_one().packet_id, ReasonCode.UNSPECIFIED_ERROR))
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert second.take() == []  # MQTT-4.8.2-6


def test_what_expired_meanwhile_goes_to_nobody(
    broker: Broker, clock: FakeClock, peer: Peer, worker: Peer, stand_in: Callable[[], Peer]
) -> None:
    publish(peer, 1, b"0", properties={"message_expiry_interval": 1})
    publish(peer, 1, b"1", properties={"message_expiry_interval": 10})
    second = stand_in()
    clock.advance(2_000)
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert [packet.properties for packet in second.take()] == [{"message_expiry_interval": 8}]
    assert broker.stats.expired == 1


def test_with_the_last_member_its_messages_go(
    broker: Broker, peer: Peer, worker: Peer, stand_in: Callable[[], Peer]
) -> None:
    publish(peer, 1, b"0")
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert stand_in().take() == []


def test_a_role_that_loses_the_subscription_loses_its_messages_to_the_others(
    broker: Broker, peer: Peer, stand_in: Callable[[], Peer]
) -> None:
    guest = Peer(broker)
    access = ACCESS + '  guest: {subscribe: ["open/#"]}\n'
    broker.replace_admission(compile_admission(access=access))
    guest.connect("guest", username="guest", properties={"receive_maximum": 1})
    guest.subscribe(FILTER, qos=1)
    publish(peer, 1, b"0", b"1")
    second = stand_in()
    broker.replace_admission(compile_admission())
    assert payloads(second.take()) == [b"0", b"1"]


def test_the_new_member_answers_as_usual(peer: Peer, worker: Peer, stand_in: Callable[[], Peer]) -> None:
    publish(peer, 2, b"0", b"1", b"2")
    second = stand_in()
    worker.send(Disconnect(0, {"session_expiry_interval": 0}))
    packet_id = second.take_one().packet_id
    second.send(Pubrec(packet_id))
    assert second.take() == [Pubrel(packet_id)]
    second.send(Pubcomp(packet_id))
    session = second.connection.session
    assert session is not None
    assert not session.inflight


steps = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish", "join", "answer", "leave", "unsubscribe", "sleep"]), st.integers(0, 2)
    ),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(steps, st.booleans())
def test_no_message_is_lost_while_somebody_is_left(todo: list[tuple[str, int]], is_hurried: bool) -> None:
    """Members come, answer some, and go in every way: in the end every message was answered once."""
    broker = Broker(compile_admission(), FakeClock(), authenticate=by_username)
    if is_hurried:
        hurry(broker)
    peer, members, number = Peer(broker), {}, 0
    peer.connect("publisher")
    answered: list[bytes] = []

    def join(name: int) -> None:
        if name in members:
            return
        member = members[name] = Peer(broker)
        properties = {"session_expiry_interval": 60, "receive_maximum": 2}
        member.connect(f"member{name}", clean=False, properties=properties)
        kept = member.backlog
        member.subscribe(FILTER, qos=1)
        member.backlog = kept + member.backlog

    def answer(member: Peer) -> None:
        packets, member.backlog = _look(member), []
        member.send(*(Puback(packet.packet_id) for packet in packets))
        answered.extend(payloads(packets))

    join(9)  # stays, with a window that is soon full
    for step, name in todo:
        member = members.get(name)
        if step == "publish":
            number += 1
            peer.publish("open/x", str(number).encode(), qos=1, packet_id=number)
        elif step == "join":
            join(name)
        elif member is None:
            continue
        elif step == "answer":
            answer(member)
        elif step == "unsubscribe":
            member.send(Unsubscribe(1, [FILTER]))
        elif step == "leave":
            member.send(Disconnect(0, {"session_expiry_interval": 0}))
            del members[name]
        else:
            member.lose()
            del members[name]
    work_off(broker)
    for name in (0, 1, 2):  # those that sleep come back, and everybody answers until there is nothing left
        join(name)
    while sum(len(_look(member)) for member in members.values()):
        for member in members.values():
            answer(member)
    assert sorted(answered, key=int) == [str(each + 1).encode() for each in range(number)]


def _look(member: Peer) -> list[Publish]:
    """What came for a member, left where it is."""
    member.backlog += [packet for packet in member.take() if isinstance(packet, Publish)]
    return [packet for packet in member.backlog if isinstance(packet, Publish)]
