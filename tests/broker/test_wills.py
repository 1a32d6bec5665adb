"""Wills outlive a crash of the broker: who is lost then is told of, who comes back in time is not."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import FULL, Disk, make_broker
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits, Urgency
from uns.mqtt import ConnectWill, Disconnect, Publish
from uns.sparkplug.decode import decode
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import Payload

WILL = ConnectWill("open/death", b"gone", qos=1, retain=True)
DELAYED = ConnectWill("open/death", b"gone", qos=1, properties={"will_delay_interval": 40})
KEPT = {"session_expiry_interval": 60}
GRACE_S = 5


@pytest.fixture
def limits() -> Limits:
    return Limits(will_grace_s=GRACE_S)


@pytest.fixture
def broker(clock: FakeClock, limits: Limits) -> Broker:
    return make_broker(clock, limits)


@pytest.fixture
def disk(broker: Broker) -> Disk:
    return Disk(broker)


@pytest.fixture
def restarted(disk: Disk, clock: FakeClock, limits: Limits):
    """The broker after a crash, whose disk is the old one."""

    def restart() -> Broker:
        again = make_broker(clock, limits)
        again.restore(disk.snapshot())
        disk.ledger = again.ledger
        return again

    return restart


def comes(broker: Broker, client_id: str = "robot", **options) -> Peer:
    peer = Peer(broker, options.pop("version", 5))
    assert peer.connect(client_id, **options).reason_code == 0
    return peer


def listener(broker: Broker) -> Peer:
    peer = comes(broker, "listener")
    peer.subscribe("open/death", qos=0)
    assert peer.backlog == []
    return peer


def heard(peer: Peer) -> list[bytes]:
    return [packet.payload for packet in peer.take() if isinstance(packet, Publish)]


def passes(broker: Broker, clock: FakeClock, seconds: float) -> None:
    clock.advance(int(seconds * 1000))
    broker.tick()


def test_a_will_counts_as_received_when_its_client_is_lost(broker: Broker, clock: FakeClock) -> None:
    robot = comes(broker, will=WILL)
    clock.advance(40)
    robot.lose()
    (death,) = broker.retained("#")
    assert death.received_ms == clock.wall_ms()


# --- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("properties", [None, KEPT])
def test_a_will_is_on_disk_soon_after_its_client_is_let_in(broker: Broker, disk: Disk, properties) -> None:
    comes(broker, will=WILL, properties=properties)
    assert broker.ledger.urgency is Urgency.SOON
    disk.write()
    (will,) = disk.wills.values()
    assert (will.client_id, will.user, will.message.payload, will.due_ms) == ("robot", "engineer", b"gone", 0)


def test_a_goodbye_takes_it_from_disk_and_one_that_was_never_there_writes_nothing(broker: Broker, disk: Disk) -> None:
    robot = comes(broker, will=WILL)
    disk.write()
    robot.send(Disconnect(0, None))
    assert broker.ledger.urgency is Urgency.SOON
    disk.write()
    assert disk.wills == {}
    disk.writes = 0
    for _ in range(3):
        comes(broker, will=WILL).send(Disconnect(0, None))
    assert broker.ledger._wills == {}


@pytest.mark.parametrize("how", ["lost", "0x04", "taken over"])
def test_one_that_was_published_is_gone_from_disk_with_the_same_batch(broker: Broker, disk: Disk, how: str) -> None:
    robot = comes(broker, will=WILL)
    disk.write()
    if how == "lost":
        robot.connection.lost()
    elif how == "0x04":
        robot.send(Disconnect(4, None))
    else:
        comes(broker)
    batch = disk.take()
    assert batch is not None
    assert batch.wills == {"robot": None}
    assert batch.retained["open/death"] is not None


def test_a_delayed_will_whose_client_has_gone_knows_when_it_is_due(broker, disk, clock: FakeClock) -> None:
    comes(broker, will=DELAYED, properties=KEPT).connection.lost()
    disk.write()
    assert disk.wills["robot"].due_ms == clock.wall_ms() + 40_000
    comes(broker, clean=False, properties=KEPT)
    disk.write()
    assert disk.wills == {}


def test_clients_that_come_and_go_while_the_disk_refuses_pile_nothing_up(broker: Broker, disk: Disk) -> None:
    comes(broker, "stays", will=WILL)
    batch = disk.take()
    assert batch is not None
    broker.ledger.failed(batch, FULL)
    for number in range(100):
        comes(broker, f"c{number}", will=WILL).send(Disconnect(0, None))
    assert broker.ledger._wills == {}


def test_without_a_disk_nothing_is_noted(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    comes(broker, will=WILL)
    assert broker.ledger.take() is None


# --- after a crash ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("clean", [True, False])
def test_who_does_not_come_back_is_told_of_after_the_grace(
    broker: Broker, disk: Disk, clock: FakeClock, restarted, version: int, clean: bool
) -> None:
    comes(broker, version=version, clean=clean, will=WILL)
    disk.write()
    again = restarted()
    ear = listener(again)
    passes(again, clock, GRACE_S - 1)
    assert heard(ear) == []
    passes(again, clock, 1.1)
    assert heard(ear) == [b"gone"]
    current = again.current("open/death")
    assert current is not None
    assert current.retained is not None
    assert current.retained.publisher == "robot"
    disk.write()
    assert disk.wills == {}
    passes(again, clock, 1000)
    assert heard(ear) == []


@pytest.mark.parametrize("clean", [True, False])
def test_who_comes_back_in_time_is_not_told_of(
    broker: Broker, disk: Disk, clock: FakeClock, restarted, clean: bool
) -> None:
    comes(broker, version=4, clean=clean, will=WILL)
    disk.write()
    again = restarted()
    ear = listener(again)
    passes(again, clock, GRACE_S - 1)
    robot = comes(again, version=4, clean=clean, will=ConnectWill("open/death", b"the second"))
    passes(again, clock, 1000)
    assert heard(ear) == []
    disk.write()
    assert disk.wills["robot"].message.payload == b"the second"
    robot.connection.lost()
    assert heard(ear) == [b"the second"]


def test_a_will_with_delay_waits_for_it_from_the_restart(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=DELAYED, properties=KEPT)
    disk.write()
    clock.advance(3_600_000)
    again = restarted()
    ear = listener(again)
    passes(again, clock, 39)
    assert heard(ear) == []
    passes(again, clock, 1.1)
    assert heard(ear) == [b"gone"]


def test_a_will_that_waited_at_the_crash_goes_on_waiting(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=DELAYED, properties=KEPT).connection.lost()
    disk.write()
    clock.advance(20_000)
    again = restarted()
    ear = listener(again)
    passes(again, clock, 19)
    assert heard(ear) == []
    passes(again, clock, 1.1)
    assert heard(ear) == [b"gone"]


def test_a_clock_set_back_between_two_runs_makes_no_delay_longer(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=DELAYED, properties=KEPT).connection.lost()
    disk.write()
    clock.set_wall(clock.wall_ms() - 3_600_000)
    again = restarted()
    ear = listener(again)
    passes(again, clock, 40.1)
    assert heard(ear) == [b"gone"]


def test_it_comes_with_the_end_of_its_session_when_that_is_earlier(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=DELAYED, properties={"session_expiry_interval": 2})
    disk.write()
    again = restarted()
    ear = listener(again)
    passes(again, clock, 2.1)
    assert heard(ear) == [b"gone"]
    passes(again, clock, 1000)
    assert heard(ear) == []


def test_a_clean_start_ends_the_kept_session_and_so_the_will_is_due(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=DELAYED, properties=KEPT)
    disk.write()
    again = restarted()
    ear = listener(again)
    Peer(again).send_connect("robot", clean=True)
    assert heard(ear) == [b"gone"]
    disk.write()
    assert disk.wills == {}


def test_a_second_crash_within_the_grace_loses_it_no_more(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=WILL)
    disk.write()
    passes(restarted(), clock, GRACE_S - 1)
    again = restarted()
    ear = listener(again)
    passes(again, clock, GRACE_S + 0.1)
    assert heard(ear) == [b"gone"]


def test_another_user_with_the_same_client_id_hides_no_loss(broker, disk, restarted) -> None:
    comes(broker, will=WILL)
    disk.write()
    again = restarted()
    ear = listener(again)
    comes(again, username="admin")
    assert heard(ear) == [b"gone"]


def test_it_is_judged_like_any_publish_when_it_is_due(broker, disk, clock: FakeClock, restarted) -> None:
    """The role may have lost the right between the runs."""
    comes(broker, will=WILL)
    disk.write()
    again = restarted()
    ear = listener(again)
    again.replace_admission(compile_admission(access="roles: {engineer: {subscribe: ['open/#']}}"))
    passes(again, clock, GRACE_S + 0.1)
    assert heard(ear) == []
    assert again.stats.publishes_refused == 1
    disk.write()
    assert disk.wills == {}


def test_what_it_takes_in_memory_is_given_back(broker, disk, clock: FakeClock, restarted) -> None:
    comes(broker, will=WILL)
    disk.write()
    again = restarted()
    before = again.stats.client_bytes
    assert before > 0
    passes(again, clock, GRACE_S + 0.1)
    assert again.stats.client_bytes == 0


def test_a_clean_stop_publishes_at_once(broker: Broker, disk: Disk, restarted) -> None:
    comes(broker, will=WILL)
    disk.write()
    broker.shut_down()
    disk.write()
    assert disk.wills == {}
    assert "open/death" in disk.retained


# --- deaths of Sparkplug ----------------------------------------------------------------------------------------------

BORN_MS = 1_600_000_000_000
DEATH = ConnectWill("spBv1.0/g/NDEATH/n", encode(Payload(BORN_MS)), qos=1)


@pytest.mark.parametrize("dates", [True, False])
@pytest.mark.parametrize("goodbye", [True, False])
def test_a_death_of_an_edge_node_tells_when_it_was_delivered(clock, dates, goodbye):
    broker = Broker(compile_admission(), clock, authenticate=by_username, dates_deaths=dates)
    admin = comes(broker, "listener", username="admin")
    admin.subscribe("spBv1.0/#", qos=0)
    robot = comes(broker, username="admin", will=DEATH)
    clock.advance(60_000)
    if goodbye:
        robot.send(Disconnect(0x04))
    else:
        robot.connection.lost()
    [death] = heard(admin)
    payload, _ = decode(death)
    assert payload.timestamp_ms == (clock.wall_ms() if dates else BORN_MS)


def test_other_wills_are_never_touched(clock):
    broker = Broker(compile_admission(), clock, authenticate=by_username, dates_deaths=True)
    listening = listener(broker)
    comes(broker, will=WILL).connection.lost()
    assert heard(listening) == [b"gone"]
