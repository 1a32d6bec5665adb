"""Clients in the broker's own process."""

from tests.broker.peer import Peer
from uns.broker import Broker
from uns.link import Message, Will


def test_a_local_client_takes_part(broker: Broker, peer: Peer) -> None:
    got: list[Message] = []
    local = broker.local("inside")
    local.subscribe("open/#", got.append)
    peer.subscribe("open/#")
    peer.publish("open/a", b"1")
    local.publish("open/b", b"2", 0, False)
    assert [(message.topic, message.publisher) for message in got] == [("open/a", "peer"), ("open/b", "inside")]
    assert [message.topic for message in peer.take()] == ["open/a", "open/b"]


def test_retained_messages_come_first(broker: Broker, peer: Peer) -> None:
    peer.publish("open/a", b"1", retain=True)
    got: list[Message] = []
    broker.local("inside").subscribe("open/#", got.append)
    assert [(message.payload, message.retain) for message in got] == [(b"1", True)]


def test_publishing_while_receiving_is_allowed(broker: Broker, peer: Peer) -> None:
    local = broker.local("host")
    local.subscribe("open/in", lambda message: local.publish("open/out", message.payload, 0, False) and None)
    peer.subscribe("open/#")
    peer.publish("open/in", b"7")
    assert sorted(message.topic for message in peer.take()) == ["open/in", "open/out"]


def test_closing_ends_everything_and_sends_the_will_on_wish(broker: Broker, peer: Peer) -> None:
    peer.subscribe("open/#")
    for send_will in (False, True):
        local = broker.local("inside")
        local.open(Will("open/will", b"gone"))
        local.subscribe("open/#", lambda message: None)
        local.close(send_will)
    assert [message.payload for message in peer.take()] == [b"gone"]
    assert [client.client_id for client in broker.clients()] == ["peer"]


def test_a_receiver_that_fails_harms_nobody(broker: Broker, peer: Peer) -> None:
    def fail(message: Message) -> None:
        raise ValueError(message.topic)

    defects: list[str] = []
    broker.door._refusals._on_defect = lambda what, topic, error: defects.append(f"{what} on {topic}: {error}")
    broker.local("broken").subscribe("open/#", fail)
    got: list[Message] = []
    broker.local("sound").subscribe("open/#", got.append)
    peer.publish("open/a", qos=1)
    assert peer.take_one().reason_code == 0
    assert len(got) == 1
    assert defects == ["a receiver failed on open/a: open/a"]
    assert broker.stats.receiver_errors == 1
