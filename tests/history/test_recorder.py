"""From a published message to a row: on a real file, with its failures."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.history.support import START_MS, LocalLink, StillClock, full_disk, sample
from uns.history import Recorder, SqliteHistory
from uns.link import Message
from uns.samples import Quality, Sample, encode_sample
from uns.storage import Limits

TOPIC = "acme/ghent/packaging/line1/filler/temperature"
DAY_MS = 86_400_000

Make = Callable[..., Recorder]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def link(clock: StillClock) -> LocalLink:
    return LocalLink(clock)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteHistory]:
    store = SqliteHistory(tmp_path / "history.db")
    yield store
    store.close()


@pytest.fixture
def make(link: LocalLink, store: SqliteHistory, clock: StillClock) -> Iterator[Make]:
    made: list[Recorder] = []

    def make_recorder(**options: Any) -> Recorder:
        recorder = Recorder(link, store, ["acme/#"], clock, **options)
        made.append(recorder)
        recorder.start()
        return recorder

    yield make_recorder
    for recorder in made:
        recorder.stop()


def recorded(store: SqliteHistory, topic: str = TOPIC) -> list[Sample]:
    return list(store.read(topic, 0, 2**62))


def test_published_samples_become_rows(make: Make, link: LocalLink, store: SqliteHistory) -> None:
    recorder = make()
    samples = [sample(21.4, 0), sample(None, 10, Quality.BAD), sample(2**63 - 1, 20, Quality.UNCERTAIN)]
    for published in samples:
        link.publish(TOPIC, encode_sample(published))
    link.publish("elsewhere/temperature", encode_sample(samples[0]))
    assert recorder.flush()
    assert recorded(store) == samples
    assert recorded(store, "elsewhere/temperature") == []
    status = recorder.status()
    assert (status.recorded, status.pending, status.last_commit_ms, status.finding) == (3, 0, START_MS, None)


def test_a_bare_scalar_is_stamped_with_its_arrival(make: Make, link: LocalLink, store: SqliteHistory) -> None:
    recorder = make()
    link.publish(TOPIC, b"21.4")
    assert recorder.flush()
    assert recorded(store) == [sample(21.4, 0)]


def test_bare_values_that_arrive_in_one_millisecond_are_all_kept(
    make: Make, link: LocalLink, store: SqliteHistory, clock: StillClock
) -> None:
    recorder = make()
    for payload in (b"1", b"2", b'{"value": 1}', b"true"):
        link.publish(TOPIC, payload)
    assert recorder.flush()
    clock.now_ms += 1
    link.publish(TOPIC, b"5")
    link.publish(f"{TOPIC}/raw", b"1")
    assert recorder.flush()
    assert recorded(store) == [sample(1, 0), sample(2, 1), sample(1, 2), sample(True, 3), sample(5, 4)]
    assert recorded(store, f"{TOPIC}/raw") == [sample(1, 1)]


def test_a_bare_value_that_two_filters_bring_is_one_row(
    link: LocalLink, store: SqliteHistory, clock: StillClock
) -> None:
    recorder = Recorder(link, store, ["acme/#", "acme/ghent/#"], clock)
    recorder.start()
    link.publish(TOPIC, b"1")
    link.publish(TOPIC, b"2")
    recorder.stop()
    assert recorded(store) == [sample(1, 0), sample(2, 1)]
    assert recorder.status().duplicates == 2


@pytest.mark.parametrize(
    "payload", [b"", b"\x08\xff", b"[1]", b'{"order": 7}', b'{"value":1,"timestamp":"now"}', b"[" * 9999]
)
def test_what_is_no_sample_is_counted_and_left_out(
    make: Make, link: LocalLink, store: SqliteHistory, payload: bytes
) -> None:
    recorder = make()
    link.publish(TOPIC, payload)
    link.publish(TOPIC, b"1")
    assert recorder.flush()
    assert recorded(store) == [sample(1, 0)]
    status = recorder.status()
    assert status.not_samples + status.refused == 1
    assert status.recorded == 1


def test_retained_values_at_start_make_no_second_row(
    make: Make, link: LocalLink, store: SqliteHistory, clock: StillClock
) -> None:
    link.publish(TOPIC, encode_sample(sample(21.4, 0)), retain=True)
    link.publish(f"{TOPIC}/raw", b"7", retain=True)
    first = make()
    assert first.flush()
    first.stop()
    clock.now_ms += 60_000
    second = make()
    assert second.flush()
    assert recorded(store) == [sample(21.4, 0)]
    assert recorded(store, f"{TOPIC}/raw") == [sample(7, 0)]
    assert (second.status().recorded, second.status().duplicates) == (0, 2)


def test_historical_samples_are_recorded_beside_the_live_ones(
    make: Make, link: LocalLink, store: SqliteHistory
) -> None:
    recorder = make()
    link.publish(TOPIC, encode_sample(sample(2, 0)))
    recorder.record_historical(TOPIC, sample(1, -5000))
    assert recorder.flush()
    assert recorded(store) == [sample(1, -5000), sample(2, 0)]
    latest = store.latest(TOPIC)
    assert latest is not None
    assert latest.sample.value == 2


def test_a_value_that_cannot_be_stored_takes_no_other_with_it(make: Make, store: SqliteHistory) -> None:
    recorder = make()
    for number, value in enumerate([1, "\ud800", object(), 4]):
        recorder.record_historical(TOPIC, sample(value, number))
    assert recorder.flush()
    assert [found.value for found in recorded(store)] == [1, 4]
    assert recorder.status().refused == 2


def test_stopping_writes_what_is_buffered(make: Make, link: LocalLink, store: SqliteHistory) -> None:
    recorder = make(limits=Limits(interval_s=3600))
    link.publish(TOPIC, b"1")
    recorder.stop()
    assert not link.is_open
    assert recorded(store) == [sample(1, 0)]


def test_rows_older_than_the_retention_go(make: Make, link: LocalLink, store: SqliteHistory, clock: StillClock) -> None:
    recorder = make(retention_days=7)
    for day in range(10):
        clock.now_ms = START_MS + day * DAY_MS
        link.publish(TOPIC, str(day).encode())
        assert recorder.flush()
    assert [found.value for found in recorded(store)] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert recorder.status().pruned == 2


def test_receiving_never_waits_for_a_locked_file_and_all_is_written_later(
    make: Make, link: LocalLink, store: SqliteHistory
) -> None:
    recorder = make(limits=Limits(buffer_items=10, batch_items=10, interval_s=0, retry_first_s=0.01, retry_last_s=0.01))
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    link.publish(TOPIC, encode_sample(sample(0, 0)))
    assert not recorder.flush(timeout_s=10)
    finding = recorder.status().finding
    assert finding is not None
    assert finding.id == "history.write_failed"
    assert "locked" in finding.what
    for number in range(1, 31):
        link.publish(TOPIC, encode_sample(sample(number, number)))
    assert recorder.status().shed == 20
    other.execute("ROLLBACK")
    other.close()
    wait_until_recorded(recorder, 11)
    status = recorder.status()
    assert (status.finding, status.shed, status.pending) == (None, 20, 0)
    assert status.failures >= 1
    assert [found.value for found in recorded(store)] == [0, *range(21, 31)]


def test_a_full_disk_is_reported_and_loses_nothing_that_the_buffer_holds(
    make: Make, link: LocalLink, store: SqliteHistory
) -> None:
    recorder = make(limits=Limits(interval_s=0, retry_first_s=0.01, retry_last_s=0.01))
    with full_disk(200_000):
        for number in range(1000):
            link.publish(TOPIC, encode_sample(sample("x" * 500, number)))
        assert not recorder.flush(timeout_s=10)
        finding = recorder.status().finding
        assert finding is not None
        assert finding.id == "history.write_failed"
    wait_until_recorded(recorder, 1000)
    assert len(recorded(store)) == 1000
    assert recorder.status().finding is None


def wait_until_recorded(recorder: Recorder, count: int) -> None:
    """A failing writer ends a flush early, so ask again until it has recovered."""
    tick = threading.Event()
    for _ in range(500):
        if recorder.flush() and recorder.status().recorded == count:
            return
        tick.wait(0.02)
    pytest.fail(f"not recovered: {recorder.status()}")


def test_receive_is_a_plain_append(make: Make) -> None:
    recorder = make(limits=Limits(buffer_items=3, interval_s=3600))
    for number in range(10):
        recorder.receive(Message(TOPIC, str(number).encode(), received_ms=START_MS + number))
    assert (recorder.status().pending, recorder.status().shed) == (3, 7)
