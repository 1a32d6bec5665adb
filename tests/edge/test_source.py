"""One source through its life: births, data, loss, return, commands, failure."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from random import Random
from typing import Any

import pytest
from msgspec import structs

from tests.edge.listener import GROUP, Listener, PlayedAdapter, forever
from tests.edge.sources import MemoryBdSeq, document, parsed
from tests.support.clock import FakeClock
from tests.support.memory_link import MemoryBroker
from tests.support.real_broker import RealBroker
from tests.support.until import until_async
from uns.adapter import Fatal, Retriable, Sink, SourceConfig
from uns.edge.backoff import Backoff
from uns.edge.bdseq import BdSeqStore
from uns.edge.source import Source
from uns.edge.uplink import LocalUplink
from uns.errors import Finding, UnsError
from uns.samples import DataType, Quality
from uns.source_status import SourceState

LOST = Finding(id="source.unreachable", what="gone.")
SILENT = Finding(id="source.silent", what="nothing.")
Run = Callable[[PlayedAdapter, Sink], Any]
AnyBroker = type[MemoryBroker] | type[RealBroker]


class CountingClock(FakeClock):
    """Tells how often it was asked for the wall time: once in each tick of a source at rest."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def wall_ms(self) -> int:
        self.asked += 1
        return super().wall_ms()


class Plant:
    """A source with a played adapter, on a broker with a listener."""

    def __init__(
        self,
        broker: AnyBroker,
        *runs: Run,
        bd_seq: int = 0,
        check: list[Finding] | None = None,
        store: BdSeqStore | None = None,
        refresh_ms: int | None = None,
    ) -> None:
        devices = {
            "filler": {"t": {"deadband": 0.5}, "level": {}},
            "capper": {"torque": {"writable": True}},
        }
        spec = parsed(document(devices=devices))
        rules = {point: structs.replace(rules, refresh_ms=refresh_ms) for point, rules in spec.rules.items()}
        self.clock = CountingClock()
        self.broker = broker(self.clock)
        self.host = Listener(self.broker)
        self.store = MemoryBdSeq(bd_seq)
        self.adapter: PlayedAdapter | None = None
        self._runs = runs
        self._check = check
        self.source = Source(
            structs.replace(spec, rules=rules),
            self._make,
            LocalUplink(self.broker.link("edge:line1")),
            self.clock,
            store or self.store,
            random=Random(1),
            backoff=Backoff(first_s=0.01, most_s=0.02),
            tick_s=0.01,
        )

    def _make(self, config: SourceConfig) -> PlayedAdapter:
        self.adapter = PlayedAdapter(config, self._runs)
        if self._check is not None:
            findings = self._check
            self.adapter.check = lambda: findings  # type: ignore[method-assign]
        return self.adapter

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Plant"]:
        task = asyncio.create_task(self.source.run())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


MakePlant = Callable[..., Plant]


@pytest.fixture(params=[MemoryBroker, RealBroker], ids=["queued", "nested"])
def make(request: pytest.FixtureRequest) -> MakePlant:
    """Everything here holds whether a broker delivers after or within the delivery that brought the message about."""
    return partial(Plant, request.param)


async def connect(adapter: PlayedAdapter, sink: Sink) -> None:
    sink.connected(adapter.datatypes())
    sink.emit(adapter.readings(t=20.0, level=1.0, torque=5.0))


async def connect_and_stay(adapter: PlayedAdapter, sink: Sink) -> None:
    await connect(adapter, sink)
    await forever()


async def connect_and_lose(adapter: PlayedAdapter, sink: Sink) -> None:
    await connect(adapter, sink)
    await asyncio.sleep(0)
    raise Retriable(LOST)


async def test_births_carry_the_first_values_and_the_death_ends_it(make: MakePlant) -> None:
    plant = make(connect_and_stay)
    async with plant.running():
        await until_async(lambda: "DBIRTH/capper" in plant.host.kinds)
        assert plant.host.kinds == ["NBIRTH", "DBIRTH/filler", "DBIRTH/capper"]
        assert plant.host.values["filler/t"] == (20.0, Quality.GOOD)
        assert plant.host.values["capper/torque"] == (5.0, Quality.GOOD)
    assert plant.host.kinds[3:] == ["DDEATH/filler", "DDEATH/capper", "NDEATH"]
    assert plant.source.status().state is SourceState.STOPPED


async def test_a_batch_is_one_message_per_device_with_what_changed(make: MakePlant) -> None:
    async def play(adapter: PlayedAdapter, sink: Sink) -> None:
        await connect(adapter, sink)
        await asyncio.sleep(0)
        sink.emit(adapter.readings(t=20.4, level=2.0, torque=5.0))  # t within its deadband, torque the same
        sink.emit(adapter.readings(t=20.6, level=2.0, torque=6.0))
        await forever()

    plant = make(play)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) >= 6)
        assert plant.host.kinds[3:] == ["DDATA/filler", "DDATA/filler", "DDATA/capper"]
        assert [len(payload.metrics) for _, payload in plant.host.payloads[3:]] == [1, 1, 1]
        assert [payload.seq for _, payload in plant.host.payloads] == [0, 1, 2, 3, 4, 5]
        status = plant.source.status()
    assert (status.points, status.points_seen, status.points_missing, status.suppressed) == (3, 3, 0, 3)


async def test_a_lost_device_dies_and_is_born_again(make: MakePlant) -> None:
    plant = make(connect_and_lose, connect_and_stay)
    async with plant.running():
        await until_async(lambda: plant.host.kinds.count("DBIRTH/capper") == 2)
        assert plant.host.kinds == [
            "NBIRTH",
            *("DBIRTH/filler", "DBIRTH/capper", "DDEATH/filler", "DDEATH/capper"),
            *("DBIRTH/filler", "DBIRTH/capper"),
        ]
        status = plant.source.status()
    assert (status.state, status.reconnects, status.finding) == (SourceState.RUNNING, 1, None)


@pytest.mark.parametrize(("finding", "state"), [(LOST, SourceState.RETRYING), (SILENT, SourceState.SILENT)])
async def test_while_it_is_lost_the_status_says_why_and_when_it_is_tried_again(
    make: MakePlant, finding: Finding, state: SourceState
) -> None:
    async def lose(adapter: PlayedAdapter, sink: Sink) -> None:
        raise Retriable(finding)

    plant = make(lose, forever)
    seen = []
    async with plant.running():
        while not seen or plant.source.status().state is not SourceState.CONNECTING:
            if plant.source.status().state is state:
                seen.append(plant.source.status())
            await asyncio.sleep(0)
    assert seen[0].finding == finding
    assert seen[0].next_attempt_ms is not None
    assert 5 <= seen[0].next_attempt_ms - plant.clock.wall_ms() <= 10


async def test_a_connection_that_brings_nothing_is_silent_until_a_value_comes(make: MakePlant) -> None:
    value = asyncio.Event()

    async def play(adapter: PlayedAdapter, sink: Sink) -> None:
        sink.connected(adapter.datatypes())
        await value.wait()
        sink.emit(adapter.readings(t=1.0))
        await forever()

    plant = make(play)
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.RUNNING)
        plant.clock.advance(9_999)
        asked = plant.clock.asked
        await until_async(lambda: plant.clock.asked >= asked + 2)  # the first of the two ticks is over
        assert plant.source.status().state is SourceState.RUNNING
        plant.clock.advance(1)
        await until_async(lambda: plant.source.status().state is SourceState.SILENT)
        finding = plant.source.status().finding
        assert finding is not None
        assert finding.id == "source.silent"
        value.set()
        await until_async(lambda: plant.source.status().state is SourceState.RUNNING)
    assert plant.source.status().last_value_ms == plant.clock.wall_ms()


async def test_missing_points_are_counted_told_and_left_out_of_the_birth(make: MakePlant) -> None:
    missing = Finding(id="source.node_unknown", what="no torque.")

    async def play(adapter: PlayedAdapter, sink: Sink) -> None:
        sink.missing(adapter.point["torque"], missing)
        sink.connected(adapter.datatypes("t", "level"))
        sink.emit(adapter.readings(t=1.0, level=2.0, torque=3.0))
        sink.dropped(4)
        await forever()

    plant = make(play)
    async with plant.running():
        await until_async(lambda: "DBIRTH/filler" in plant.host.kinds)
        status = plant.source.status()
    assert "DBIRTH/capper" not in plant.host.kinds
    assert (status.points_seen, status.points_missing, status.finding, status.missing) == (2, 1, missing, [missing])
    assert status.dropped == 5  # four, and the value of a point that was not announced


async def test_a_metric_that_is_gone_after_a_reconnect_leaves_the_birth(make: MakePlant) -> None:
    async def without_level(adapter: PlayedAdapter, sink: Sink) -> None:
        sink.connected(adapter.datatypes("t"))
        await forever()

    plant = make(connect_and_lose, without_level)
    async with plant.running():
        await until_async(lambda: plant.host.kinds.count("DBIRTH/filler") == 2)
    births = [payload for kind, payload in plant.host.payloads if kind == "DBIRTH"]
    assert [metric.name for metric in births[-1].metrics] == ["t"]


async def test_a_crash_of_the_adapter_is_reported_and_tried_again(
    make: MakePlant, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(adapter: PlayedAdapter, sink: Sink) -> None:
        raise KeyError("oops")

    plant = make(crash, connect_and_stay)
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.RUNNING)
    assert "source.crashed" in caplog.text
    assert "KeyError: 'oops'" in caplog.text


class FullDisk(MemoryBdSeq):
    """Takes nothing until there is room."""

    room = False

    def save(self, bd_seq: int) -> None:
        if not self.room:
            raise OSError(28, "No space left on device")
        super().save(bd_seq)


async def test_a_session_number_that_cannot_be_stored_is_told_and_tried_again(make: MakePlant) -> None:
    store = FullDisk()
    plant = make(connect_and_stay, store=store)
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.RETRYING)
        status = plant.source.status()
        assert status.finding is not None
        assert (status.finding.id, "No space left" in status.finding.what) == ("storage.bd_seq", True)
        assert status.next_attempt_ms is not None
        assert plant.host.kinds == []
        store.room = True
        await until_async(lambda: plant.source.status().state is SourceState.RUNNING)
        assert plant.source.status().finding is None
    assert (plant.host.kinds[0], plant.host.kinds[-1]) == ("NBIRTH", "NDEATH")


async def test_stopping_while_the_disk_is_full(make: MakePlant) -> None:
    plant = make(store=FullDisk())
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.RETRYING)
    assert (plant.source.status().state, plant.host.kinds) == (SourceState.STOPPED, [])


@pytest.mark.parametrize("broken", ["the constructor", "the check"])
async def test_an_adapter_that_cannot_even_start_fails_with_the_reason(
    make: MakePlant, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(PlayedAdapter):
        def __init__(self, config: SourceConfig) -> None:
            super().__init__(config, [])
            if broken == "the constructor":
                raise KeyError("oops")

        def check(self) -> list[Finding]:
            raise KeyError("oops")

    plant = make()
    plant.source._factory = Broken
    await plant.source.run()
    status = plant.source.status()
    assert status.finding is not None
    assert (status.state, status.finding.id) == (SourceState.FAILED, "source.crashed")
    assert "KeyError: 'oops'" in status.finding.what
    assert "cannot go on" in caplog.text
    assert plant.host.kinds == []


@pytest.mark.parametrize("end", [None, Retriable(LOST)], ids=["returns", "raises"])
async def test_a_cancellation_that_the_adapter_swallows_ends_it_all_the_same(
    make: MakePlant, end: Retriable | None
) -> None:
    async def swallow(adapter: PlayedAdapter, sink: Sink) -> None:
        await connect(adapter, sink)
        with contextlib.suppress(asyncio.CancelledError):
            await forever()
        if end is not None:
            raise end

    plant = make(swallow)
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.RUNNING)
    assert plant.source.status().state is SourceState.STOPPED
    assert plant.host.kinds[-1] == "NDEATH"


async def test_stopping_waits_for_the_writes_that_are_under_way(make: MakePlant) -> None:
    ended = []

    async def write(*_: object) -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            ended.append(plant.host.kinds[-1])

    plant = make(connect_and_stay)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        assert plant.adapter is not None
        plant.adapter.write = write
        plant.host.command(f"spBv1.0/{GROUP}/DCMD/line1/capper", "torque", 1.0, DataType.DOUBLE)
        await asyncio.sleep(0)
    assert ended == ["DDEATH/capper"]
    assert plant.host.kinds[-1] == "NDEATH"


async def test_what_the_connection_vouches_for_is_told_again_but_not_what_went_missing(make: MakePlant) -> None:
    vouch = asyncio.Event()

    async def play(adapter: PlayedAdapter, sink: Sink) -> None:
        await connect(adapter, sink)
        sink.missing(adapter.point["level"], Finding(id="source.node_denied", what="not monitored."))
        while True:
            await vouch.wait()
            vouch.clear()
            sink.alive()

    plant = make(play, refresh_ms=1000)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        born_ms = plant.clock.wall_ms()
        plant.clock.advance(1000)
        vouch.set()
        await until_async(lambda: len(plant.host.kinds) == 5)
        assert plant.host.kinds[3:] == ["DDATA/filler", "DDATA/capper"]
        told = [metric for _, payload in plant.host.payloads[3:] for metric in payload.metrics]
        assert [(metric.value, metric.timestamp_ms) for metric in told] == [(20.0, born_ms), (5.0, born_ms)]


async def test_a_fatal_error_ends_it_with_the_reason(make: MakePlant) -> None:
    wrong = Finding(id="source.refused", what="wrong password.")

    async def fail(adapter: PlayedAdapter, sink: Sink) -> None:
        raise Fatal(wrong)

    plant = make(fail)
    await plant.source.run()
    assert (plant.source.status().state, plant.source.status().finding) == (SourceState.FAILED, wrong)
    assert plant.host.kinds == ["NBIRTH", "NDEATH"]


async def test_a_wrong_configuration_fails_before_anything_is_opened(make: MakePlant) -> None:
    wrong = Finding(id="source.bad_endpoint", what="no.")
    plant = make(check=[wrong])
    await plant.source.run()
    assert (plant.source.status().state, plant.source.status().finding) == (SourceState.FAILED, wrong)
    assert plant.host.kinds == []


async def test_the_will_takes_the_next_bd_seq_and_it_is_stored(make: MakePlant) -> None:
    plant = make(connect_and_stay, bd_seq=255)
    async with plant.running():
        await until_async(lambda: plant.host.kinds)
        assert plant.store.bd_seq == 0
        assert plant.host.values["bdSeq"][0] == 255
    assert plant.host.kinds[-1] == "NDEATH"
    assert plant.host.values["bdSeq"][0] == 255


async def test_a_rebirth_command_brings_all_births_again(make: MakePlant) -> None:
    plant = make(connect_and_stay)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        plant.clock.advance(2000)
        plant.host.command(f"spBv1.0/{GROUP}/NCMD/line1", "Node Control/Rebirth", True, DataType.BOOLEAN)
        await until_async(lambda: plant.host.kinds.count("NBIRTH") == 2)
        assert [kind for kind in plant.host.kinds[3:] if "CMD" not in kind] == [
            "NBIRTH",
            "DBIRTH/filler",
            "DBIRTH/capper",
        ]
        assert plant.host.values["filler/t"] == (20.0, Quality.GOOD)


async def test_a_device_command_is_written_only_where_the_source_says_so(
    make: MakePlant, caplog: pytest.LogCaptureFixture
) -> None:
    plant = make(connect_and_stay)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        assert plant.adapter is not None
        for device, metric, value in (("filler", "t", 1.0), ("capper", "torque", 7.5)):
            plant.host.command(f"spBv1.0/{GROUP}/DCMD/line1/{device}", metric, value, DataType.DOUBLE)
        await until_async(lambda: plant.adapter is not None and plant.adapter.written)
        assert plant.adapter.written == [("torque", 7.5)]
    assert "source.read_only" in caplog.text


async def test_a_refused_command_is_told_until_one_is_obeyed(make: MakePlant) -> None:
    plant = make(connect_and_stay)

    def command(device: str, metric: str) -> None:
        plant.host.command(f"spBv1.0/{GROUP}/DCMD/line1/{device}", metric, 7.5, DataType.DOUBLE)

    def finding_id() -> str:
        finding = plant.source.status().finding
        return finding.id if finding else ""

    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        for _ in range(2):
            command("filler", "t")
            await until_async(lambda: finding_id() == "source.read_only")
            command("capper", "torque")
            await until_async(lambda: finding_id() == "")
        assert plant.source.status().state is SourceState.RUNNING


async def test_an_obeyed_command_does_not_hide_what_the_namespace_refused(make: MakePlant) -> None:
    plant = make(connect_and_stay)
    refused = Finding(id="access.publish", what="no.")
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        plant.source._noted(refused)
        plant.host.command(f"spBv1.0/{GROUP}/DCMD/line1/capper", "torque", 7.5, DataType.DOUBLE)
        await until_async(lambda: plant.adapter is not None and plant.adapter.written)
        assert plant.source.status().finding == refused


@pytest.mark.parametrize(
    ("error", "id_"),
    [(Retriable(LOST), "source.unreachable"), (Fatal(SILENT), "source.silent"), (KeyError("x"), "source.crashed")],
)
async def test_what_the_adapter_says_to_a_write_is_passed_on(make: MakePlant, error: Exception, id_: str) -> None:
    async def refuse(*_: object) -> None:
        raise error

    plant = make(connect_and_stay)
    async with plant.running():
        await until_async(lambda: len(plant.host.kinds) == 3)
        assert plant.adapter is not None
        plant.adapter.write = refuse  # type: ignore[method-assign]
        with pytest.raises(UnsError) as refused:
            await plant.source.write("capper", "torque", 1.0)
    assert refused.value.finding.id == id_


async def test_write_says_why_it_cannot(make: MakePlant) -> None:
    plant = make(forever)
    async with plant.running():
        await until_async(lambda: plant.source.status().state is SourceState.CONNECTING)
        for device, metric, id_ in (
            ("capper", "torqe", "unknown.point"),
            ("filler", "t", "source.read_only"),
            ("capper", "torque", "unreachable.source"),
        ):
            with pytest.raises(UnsError) as refused:
                await plant.source.write(device, metric, 1.0)
            assert refused.value.finding.id == id_
            assert refused.value.finding.hint
