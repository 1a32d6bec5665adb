"""Held messages come back: once, in order, as of their own time, and never over a newer value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.broker.conftest import ACCESS, NAMESPACE, compile_admission
from tests.support.clock import FakeClock
from uns.app.replay import PORTION, Replayer
from uns.broker import Broker
from uns.link import Message
from uns.policy.inbox import Report, Wanted
from uns.samples import Sample
from uns.violations import Inbox, Quarantine, ViolationStore

FILLER = "acme/ghent/packaging/line1/filler"
STATE = f"{FILLER}/state"
PUMP = "acme/ghent/packaging/line1/pump/speed"
OPEN = NAMESPACE.replace('open: ["open/#"]', 'open: ["open/#", "acme/ghent/packaging/line1/pump/#"]')


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ViolationStore]:
    store = ViolationStore(tmp_path / "violations.db")
    yield store
    store.close()


@pytest.fixture
def broker(clock: FakeClock, store: ViolationStore) -> Broker:
    return Broker(compile_admission(), clock, on_violation=store.record)


@pytest.fixture
def recorded() -> list[tuple[str, Sample]]:
    return []


@pytest.fixture
def replayer(broker: Broker, store: ViolationStore, clock: FakeClock, recorded: list[tuple[str, Sample]]) -> Replayer:
    def record(topic: str, sample: Sample) -> bool:
        recorded.append((topic, sample))
        return True

    return Replayer(broker, Quarantine(store), Inbox(store), clock, record)


def publish(broker: Broker, topic: str, payload: bytes, **options: Any) -> None:
    options.setdefault("publisher", "plc")
    broker.publish(Message(topic, payload, **options), "engineer", "10.0.0.7:1")


def received(broker: Broker) -> list[Message]:
    messages: list[Message] = []
    broker.local("anybody").subscribe("#", messages.append)
    return messages


def at(time: str) -> bytes:
    return b'{"value": 1, "timestamp": "2026-09-21T%s:00Z"}' % time.encode()


def widen(broker: Broker) -> None:
    """The pump is declared open, which quarantine refused before."""
    broker.replace_admission(compile_admission(OPEN, ACCESS))


async def test_in_order_once_as_of_its_time_and_marked(
    broker: Broker, clock: FakeClock, store: ViolationStore, replayer: Replayer
) -> None:
    times = []
    for number in range(PORTION + 20):
        publish(broker, PUMP, b"%d" % number, qos=1, retain=True, properties={"user_property": [("site", "ghent")]})
        times.append(clock.wall_ms())
        clock.advance(1000)
    widen(broker)
    messages = received(broker)
    dry = await replayer.run(Wanted(), "ann", dry_run=True)
    assert (dry.delivered, dry.dry_run, len(messages), store.status().held) == (120, True, 0, 120)
    report = await replayer.run(Wanted(), "ann")
    assert report == Report(False, delivered=120)
    assert [message.payload for message in messages] == [b"%d" % number for number in range(120)]
    assert [message.received_ms for message in messages] == times
    first = messages[0]
    assert (first.publisher, first.qos, first.retain) == ("plc", 1, True)
    assert first.properties == {"user_property": [("site", "ghent"), ("uns-replayed", "2026-09-21T14:13:20.000Z")]}
    assert (await replayer.run(Wanted(), "ann")).delivered == 0
    assert len(messages) == 120
    (group,) = Inbox(store).list(0).groups
    assert (group.held, group.kept) == (0, 120)
    assert [(action.who, action.what, action.note) for action in Inbox(store).journal(group.id)] == [
        ("ann", "replay", "20 of 20"),
        ("ann", "replay", "100 of 100"),
    ]


async def test_what_is_refused_again_stays_and_says_why(
    broker: Broker, store: ViolationStore, replayer: Replayer
) -> None:
    publish(broker, STATE, b'{"value": "running"}')
    publish(broker, PUMP, b"1")
    widen(broker)
    report = await replayer.run(Wanted(), "ann")
    assert (report.delivered, report.refused, report.by_finding) == (1, 1, {"payload.enum": 1})
    (refusal,) = report.refusals
    assert (refusal.id, refusal.topic, refusal.finding.id) == (1, STATE, "payload.enum")
    assert (store.status().held, store.count()) == (1, 2)


async def test_the_publishers_right_of_now_counts(broker: Broker, replayer: Replayer) -> None:
    publish(broker, PUMP, b"1")
    broker.replace_admission(compile_admission(OPEN, "roles: {engineer: {publish: [other]}}"))
    assert (await replayer.run(Wanted(), "ann")).by_finding == {"access.publish": 1}


@pytest.mark.parametrize(
    ("held", "current", "way"),
    [
        (b"1", b"2", "history"),
        (at("15:00"), at("14:00"), "delivered"),
        (at("13:00"), at("14:00"), "history"),
        (b"not json", b"2", "outdated"),
        (b'[1]', b"[2]", "outdated"),
    ],
)  # fmt: skip
async def test_an_older_value_never_stands_where_a_newer_one_is(
    broker: Broker,
    clock: FakeClock,
    store: ViolationStore,
    replayer: Replayer,
    recorded: list[tuple[str, Sample]],
    held: bytes,
    current: bytes,
    way: str,
) -> None:
    publish(broker, PUMP, held, retain=True)
    first_ms = clock.wall_ms()
    clock.advance(60_000)
    widen(broker)
    publish(broker, PUMP, current, retain=True)
    report = await replayer.run(Wanted(), "ann")
    assert (report.delivered, report.history, report.outdated) == tuple(
        int(way == each) for each in ("delivered", "history", "outdated")
    )
    shown = broker.current(PUMP)
    assert shown is not None
    assert shown.payload == (held if way == "delivered" else current)
    assert len(recorded) == (way == "history")
    if held == b"1":
        assert recorded[0][1].timestamp_ms == first_ms
    replayed = store.get(1)
    assert replayed is not None
    assert replayed.replay == way


async def test_expiry_goes_on_from_the_first_publish(
    broker: Broker, clock: FakeClock, replayer: Replayer, recorded: list[tuple[str, Sample]]
) -> None:
    publish(broker, PUMP, b"1", properties={"message_expiry_interval": 30})
    publish(broker, PUMP, b"2", properties={"message_expiry_interval": 90})
    clock.advance(60_000)
    widen(broker)
    messages = received(broker)
    report = await replayer.run(Wanted(), "ann")
    assert (report.expired, report.history, report.delivered) == (1, 1, 1)
    assert [sample.value for _, sample in recorded] == [1]
    (message,) = messages
    assert message.properties is not None
    assert message.properties["message_expiry_interval"] == 30


async def test_a_limit_says_where_to_go_on(broker: Broker, replayer: Replayer) -> None:
    for number in range(5):
        publish(broker, PUMP, b"%d" % number)
    widen(broker)
    report = await replayer.run(Wanted(), "ann", limit=3)
    assert (report.delivered, report.next) == (3, 3)
    report = await replayer.run(Wanted(), "ann", after=3, limit=3)
    assert (report.delivered, report.next) == (2, None)
