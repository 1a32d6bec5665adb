"""What happens to messages that a session must not get any more, or that there is no memory for?"""

import pytest

from tests.broker.conftest import ACCESS, by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import Disk, make_broker
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.mqtt import Puback, Pubcomp, Publish, Pubrec, Pubrel

FILLER = "acme/ghent/packaging/line1/filler/temperature"
OPEN_ONLY = ACCESS.replace('subscribe: ["acme/#", "open/#", "+/only", "$SYS/#"]', 'subscribe: ["open/#"]')
KEPT = {"session_expiry_interval": 60, "receive_maximum": 1}


def lose_acme(broker: Broker) -> None:
    broker.replace_admission(compile_admission(access=OPEN_ONLY))


def tight(clock: FakeClock) -> Broker:
    return Broker(compile_admission(), clock, limits=Limits(max_queued_total_bytes=1000), authenticate=by_username)


@pytest.fixture
def narrow(broker: Broker) -> Peer:
    """Takes one message at a time."""
    narrow = Peer(broker)
    narrow.connect("narrow", properties=KEPT)
    return narrow


@pytest.mark.parametrize("qos", [1, 2])
def test_a_policy_change_leaves_the_window_true(broker: Broker, peer: Peer, narrow: Peer, qos: int) -> None:
    narrow.subscribe("open/x", "acme/#", qos=qos)
    peer.publish(FILLER, b'{"value": 1}', qos=1)
    sent = narrow.take_one()
    lose_acme(broker)
    peer.publish("open/x", b"2", qos=qos, packet_id=2)
    assert narrow.take() == []  # MQTT-3.3.4-9
    if sent.qos == 2:
        narrow.send(Pubrec(sent.packet_id))
        assert narrow.take() == [Pubrel(sent.packet_id)]
        narrow.send(Pubcomp(sent.packet_id))
    else:
        narrow.send(Puback(sent.packet_id))
    assert narrow.take_one().payload == b"2"


def test_short_memory_leaves_the_window_true(clock: FakeClock) -> None:
    broker = tight(clock)
    narrow, peer = Peer(broker), Peer(broker)
    narrow.connect("narrow", properties={"receive_maximum": 1})
    narrow.subscribe("open/#", qos=1)
    peer.connect("p")
    peer.publish("open/1", b"x" * 2000, qos=1)
    sent = narrow.take_one()
    broker.budget.measure()
    assert (broker.stats.queue_shed, broker.sessions.get("narrow").held_bytes < 1000) == (1, True)
    broker.budget.measure()
    assert broker.stats.queue_shed == 1, "there is nothing left to shed"
    peer.publish("open/2", b"x", qos=1, packet_id=2)
    assert narrow.take() == []
    narrow.send(Puback(sent.packet_id))
    assert narrow.take_one().topic == "open/2"


@pytest.mark.parametrize("qos", [1, 2])
def test_what_was_withdrawn_is_not_sent_again_to_a_client_that_returns(clock: FakeClock, qos: int) -> None:
    broker = tight(clock)
    narrow, peer = Peer(broker), Peer(broker)
    narrow.connect("narrow", properties=KEPT)
    narrow.subscribe("open/#", qos=qos)
    peer.connect("p")
    peer.publish("open/1", b"x" * 2000, qos=qos)
    if qos == 2:
        peer.send(Pubrel(1))
    sent = narrow.take_one()
    broker.budget.measure()
    narrow.lose()
    peer.publish("open/2", b"2", qos=1, packet_id=2)
    again = Peer(broker)
    again.connect("narrow", clean=False, properties=KEPT)
    if qos == 2:  # it may hold the packet id
        assert again.backlog == [Pubrel(sent.packet_id)]
        again.send(Pubcomp(sent.packet_id))
        again.backlog = again.take()
    assert [(each.topic, each.dup) for each in again.backlog if isinstance(each, Publish)] == [("open/2", False)]


def test_what_was_withdrawn_leaves_the_disk(clock: FakeClock, limits: Limits) -> None:
    broker = make_broker(clock, limits)
    disk = Disk(broker)
    narrow, peer = Peer(broker), Peer(broker)
    narrow.connect("narrow", properties=KEPT)
    narrow.send_subscribe("acme/#", qos=1)
    peer.connect("p")
    for number in (1, 2):
        peer.publish(FILLER, b'{"value": 1}', qos=1, packet_id=number)
    disk.write()
    assert len(disk.deliveries) == 2
    lose_acme(broker)
    disk.write()
    assert disk.deliveries == {}


def test_a_policy_change_keeps_what_another_subscription_still_matches(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("open/x", "acme/#", qos=1)
    sleeper.lose()
    for number, (topic, payload) in enumerate([("open/x", b"1"), (FILLER, b'{"value": 1}'), ("open/x", b"2")]):
        peer.publish(topic, payload, qos=1, packet_id=number + 1)
    lose_acme(broker)
    again = Peer(broker)
    again.connect("s", clean=False, properties={"session_expiry_interval": 60})
    assert [each.payload for each in again.backlog] == [b"1", b"2"]


def test_a_policy_change_keeps_what_a_shared_subscription_still_owes(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("$share/g/open/#", "$share/g/acme/#", "acme/#", qos=1)
    sleeper.lose()
    for number, (topic, payload) in enumerate([("open/x", b"1"), (FILLER, b'{"value": 1}')]):
        peer.publish(topic, payload, qos=1, packet_id=number + 1)
    assert len(broker.sessions.get("s").queue) == 3
    lose_acme(broker)
    again = Peer(broker)
    again.connect("s", clean=False, properties={"session_expiry_interval": 60})
    assert [each.payload for each in again.backlog] == [b"1"]


def test_what_is_sent_and_still_allowed_is_sent_again(broker: Broker, peer: Peer, narrow: Peer) -> None:
    narrow.subscribe("open/x", "acme/#", qos=1)
    peer.publish("open/x", b"1", qos=1)
    narrow.take_one()
    narrow.lose()
    lose_acme(broker)
    again = Peer(broker)
    again.connect("narrow", clean=False, properties=KEPT)
    assert [(each.payload, each.dup) for each in again.backlog] == [(b"1", True)]
