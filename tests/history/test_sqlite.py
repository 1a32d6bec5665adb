"""The embedded store on real files: ranges, duplicates, retention, readers, a killed writer, a full disk."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.support import START_MS, full_disk, sample
from uns.history import Row, SqliteHistory
from uns.samples import Quality, Sample

TOPIC = "acme/ghent/packaging/line1/filler/temperature"
DAY_MS = 86_400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteHistory]:
    store = SqliteHistory(tmp_path / "history.db")
    yield store
    store.close()


def row(value: object, at_ms: int, topic: str = TOPIC, quality: Quality = Quality.GOOD) -> Row:
    return Row(topic, sample(value, at_ms, quality), START_MS + at_ms + 7)


def everything(store: SqliteHistory, topic: str = TOPIC) -> list[Sample]:
    return list(store.read(topic, -(2**70), 2**70))


def test_rows_come_back_in_time_order_with_quality_and_type(store: SqliteHistory) -> None:
    rows = [row("2", 30, quality=Quality.BAD), row(1.0, 10), row(2**63 - 1, 20, quality=Quality.UNCERTAIN)]
    assert store.append(rows) == 3
    read = everything(store)
    assert read == [rows[1].sample, rows[2].sample, rows[0].sample]
    assert [type(found.value) for found in read] == [float, int, str]


def test_a_range_includes_its_start_and_excludes_its_end(store: SqliteHistory) -> None:
    store.append([row(number, number) for number in range(5)])
    assert [found.value for found in store.read(TOPIC, START_MS + 1, START_MS + 3)] == [1, 2]
    assert list(store.read(TOPIC, START_MS + 3, START_MS + 3)) == []


def test_a_range_longer_than_a_page_is_complete(store: SqliteHistory) -> None:
    store.append([row(number, number) for number in range(25_000)])
    assert [found.value for found in everything(store)] == list(range(25_000))


def test_topics_do_not_mix(store: SqliteHistory) -> None:
    store.append([row(1, 0, "a/b"), row(2, 0, "a/c")])
    assert [found.value for found in everything(store, "a/b")] == [1]
    assert everything(store, "a") == []


def test_latest_is_by_source_time_and_tells_when_it_came(store: SqliteHistory) -> None:
    store.append([row("new", 100)])
    store.append([row("late", 50)])
    assert store.latest(TOPIC) == row("new", 100)
    assert store.latest("acme/unknown") is None


def test_a_known_topic_and_time_is_left_out_whatever_its_value(store: SqliteHistory) -> None:
    assert store.append([row(1, 0), row(2, 0), row(3, 1)]) == 2
    assert store.append([row(9, 0), row(9, 1), row(4, 2)]) == 1
    assert [found.value for found in everything(store)] == [1, 3, 4]


def test_nothing_to_append_is_fine(store: SqliteHistory) -> None:
    assert store.append([]) == 0


def test_a_batch_with_a_bad_value_leaves_nothing_behind(store: SqliteHistory) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.append([row(1, 0, "new/topic"), row("\ud800", 1, "new/topic")])
    assert everything(store, "new/topic") == []
    assert store.append([row(1, 0, "new/topic")]) == 1
    assert [found.value for found in everything(store, "new/topic")] == [1]


def test_prune_is_bounded_and_takes_the_oldest(store: SqliteHistory) -> None:
    store.append([row(number, number * DAY_MS, topic) for number in range(10) for topic in ("a", "b")])
    before_ms = START_MS + 6 * DAY_MS
    assert store.prune(before_ms, max_rows=8) == 8
    assert store.prune(before_ms, max_rows=8) == 4
    assert store.prune(before_ms, max_rows=8) == 0
    assert [found.value for found in everything(store, "a")] == [6, 7, 8, 9]
    assert [found.value for found in everything(store, "b")] == [6, 7, 8, 9]


def test_rows_survive_reopening(tmp_path: Path) -> None:
    store = SqliteHistory(tmp_path / "history.db")
    store.append([row(21.5, 0)])
    store.close()
    again = SqliteHistory(tmp_path / "history.db")
    assert again.append([row(21.5, 0), row(22.5, 1)]) == 1
    assert [found.value for found in everything(again)] == [21.5, 22.5]
    again.close()


def test_readers_in_other_threads_see_whole_batches_only(store: SqliteHistory) -> None:
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            seen.append(len(everything(store)))
        seen.append(len(everything(store)))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for batch in range(20):
        store.append([row(0, batch * 100 + number) for number in range(100)])
    done.set()
    for reader in readers:
        reader.join()
    assert {count % 100 for count in seen} == {0}
    assert max(seen) == 2000


WRITER = """
import sys
from pathlib import Path
from uns.history import Row, SqliteHistory
from uns.samples import Quality, Sample

store = SqliteHistory(Path(sys.argv[1]))
for batch in range(1_000_000):
    store.append([Row("a/b", Sample(n, Quality.GOOD, n), n) for n in range(batch * 50, batch * 50 + 50)])
    print(batch, flush=True)
"""


def test_kill_9_loses_no_committed_batch(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == 40:
                os.kill(writer.pid, signal.SIGKILL)
                break
        committed = [40, *(int(line) for line in writer.stdout.read().split("\n")[:-1])][-1]
    store = SqliteHistory(path)
    values = [found.value for found in everything(store, "a/b")]
    assert len(values) >= (committed + 1) * 50
    assert len(values) % 50 == 0
    assert values == list(range(len(values)))
    store.close()


def test_a_full_disk_takes_no_half_batch_and_the_same_batch_passes_later(store: SqliteHistory, tmp_path: Path) -> None:
    store.append([row("before", 0)])
    batch = [row("x" * 1000, 1 + number) for number in range(500)]
    with full_disk((tmp_path / "history.db-wal").stat().st_size + 100_000), pytest.raises(sqlite3.OperationalError):
        store.append(batch)
    assert [found.value for found in everything(store)] == ["before"]
    assert store.append(batch) == 500
    assert len(everything(store)) == 501
