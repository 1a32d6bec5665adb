"""Does time hold, whatever clients and clocks do? In memory, with a clock that the test moves."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.mqtt import ConnectWill, Disconnect, Publish, ReasonCode

YEAR_MS = 365 * 86_400_000


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = Broker(compile_admission(), self.clock, limits=Limits(), authenticate=by_username)

    def peer(self, client_id: str, **connect) -> Peer:
        peer = Peer(self.broker)
        assert peer.connect(client_id, **connect).reason_code == 0
        return peer

    def pass_ms(self, ms: int, step_ms: int = 50) -> None:
        for _ in range(0, ms, step_ms):
            self.clock.advance(step_ms)
            self.broker.tick()


@pytest.fixture
def world() -> World:
    return World()


def test_a_client_that_only_receives_is_silent_all_the_same(world: World) -> None:
    """[MQTT-3.1.2-22]: what is sent to it is no sign of its life."""
    deaf, other = world.peer("deaf", keep_alive=2), world.peer("other")
    deaf.subscribe("open/#")
    for _ in range(29):
        world.pass_ms(100)
        other.publish("open/x")
        assert isinstance(deaf.take_one(), Publish)
    world.pass_ms(50)
    assert not deaf.is_closed, "not before one and a half times the keep-alive"
    world.pass_ms(100)
    assert deaf.is_closed
    goodbye = deaf.take_one()
    assert isinstance(goodbye, Disconnect)
    assert goodbye.reason_code == ReasonCode.KEEP_ALIVE_TIMEOUT


@pytest.mark.parametrize(("delay_s", "expiry_s", "due_s"), [(5, 60, 5), (60, 5, 5), (5, 0, 0), (0, 60, 0)])
def test_a_will_comes_with_its_delay_or_the_end_of_its_session(
    world: World, delay_s: int, expiry_s: int, due_s: int
) -> None:
    """[MQTT-3.1.3-9], and never a tick early."""
    watch = world.peer("watch")
    watch.subscribe("open/#")
    will = ConnectWill("open/will", b"dead", properties={"will_delay_interval": delay_s})
    world.peer("mortal", will=will, properties={"session_expiry_interval": expiry_s}).lose()
    if due_s:
        world.pass_ms(due_s * 1000 - 50)
        assert watch.take() == []
        world.pass_ms(50)
    assert [packet.payload for packet in watch.take()] == [b"dead"]
    world.pass_ms(120_000, 1000)
    assert watch.take() == [], "once"


def test_a_message_may_expire_in_the_queue(world: World) -> None:
    keep = {"session_expiry_interval": 3600}
    away = world.peer("away", properties=keep)
    away.subscribe("open/#", qos=1)
    away.lose()
    other = world.peer("other")
    for topic, expiry_s in (("open/short", 2), ("open/long", 100)):
        other.publish(topic, qos=1, properties={"message_expiry_interval": expiry_s})
    world.pass_ms(2000)
    back = Peer(world.broker)
    back.connect("away", clean=False, properties=keep)
    (message,) = back.backlog
    assert (message.topic, message.properties) == ("open/long", {"message_expiry_interval": 98})
    assert world.broker.stats.expired == 1


@pytest.mark.parametrize("jump_ms", [-YEAR_MS, YEAR_MS])
def test_a_jump_of_the_wall_clock_ends_nothing(world: World, jump_ms: int) -> None:
    peer = world.peer("p", keep_alive=10, properties={"session_expiry_interval": 60})
    peer.subscribe("open/#", qos=1)
    peer.publish("open/kept", b"1", retain=True, properties={"message_expiry_interval": 60})
    away = world.peer("away", properties={"session_expiry_interval": 60})
    away.lose()
    peer.take()
    world.clock.set_wall(world.clock.wall_ms() + jump_ms)
    world.pass_ms(1000)
    assert not peer.is_closed
    assert world.broker.sessions.get("away") is not None
    assert [message.payload for message in world.broker.retained("open/#")] == [b"1"]
    world.pass_ms(14_000)
    assert peer.is_closed, "and time still passes"
    world.pass_ms(60_000, 500)
    assert world.broker.sessions.get("away") is None
