"""How is the whole house put together, started and stopped? The only place that knows all its parts.

broker ◀─ MQTT listener          violations ◀─┐
  ▲  ▲ ─▶ recorder ─▶ history       broker ───┘
  │  └── Sparkplug host (projection)
  └───── sources (adapters as edge nodes)      HTTP ─▶ API over broker, policy, history, violations, sources
"""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import msgspec

from uns import __version__
from uns.api import Platform, create_app, end_streams
from uns.api.platform import HistoryReader
from uns.app.data import own_data
from uns.app.plant import Plant
from uns.app.sources import Sources
from uns.broker import Answer, Broker, Credentials
from uns.clock import Clock
from uns.errors import Finding, UnsError
from uns.history import Recorder, SqliteHistory, query
from uns.host.application import SparkplugHost
from uns.link import Link, Message
from uns.policy.verdict import Mode, judge
from uns.policy.violation import Violation
from uns.security import Authenticator, HttpGuard
from uns.server.clock import SystemClock
from uns.server.http import HttpServer
from uns.server.link import BrokerLink
from uns.server.mqtt import MqttListener
from uns.storage import Limits as BufferLimits
from uns.violations import ViolationStore
from uns.web import SECURITY_HEADERS, STATIC

log = logging.getLogger(__name__)

HOST_TICK_S = 0.2
MAX_DEFECTS_TOLD = 100
GC_THRESHOLD = 50_000
"""A broker allocates much and leaves few cycles: the default of 700 costs several percent."""


DevicesReady = Callable[[], Awaitable[None]]


class Addresses(msgspec.Struct, frozen=True):
    """Where the running server listens."""

    mqtt_host: str
    mqtt_port: int
    http_host: str
    http_port: int

    @property
    def page(self) -> str:
        host = "127.0.0.1" if self.http_host in ("0.0.0.0", "::") else self.http_host
        return f"http://{host}:{self.http_port}"


async def serve(
    plant: Plant,
    data: Path,
    stop: asyncio.Event,
    on_ready: Callable[[Addresses], None],
    devices_ready: DevicesReady | None = None,
) -> None:
    """Run a plant until `stop` is set. Raises UnsError when a port is taken or the data directory is not ours.

    devices_ready: awaited before the sources connect, by whoever starts the devices too. Everything else starts at
    once, and `on_ready` does not wait for it.
    """
    settings, clock = plant.settings, SystemClock()
    async with AsyncExitStack() as stack:
        stack.enter_context(own_data(data))
        violations = ViolationStore(
            data / "violations.db", max_rows=settings.violations.max_rows, max_bytes=settings.violations.max_bytes
        )
        stack.callback(violations.close)
        authenticator = Authenticator(plant.access, clock, directory=plant.directory)
        broker = Broker(
            plant.admission(),
            clock,
            limits=settings.mqtt.limits(),
            authenticate=await stack.enter_async_context(_Authentication(authenticator)),
            on_violation=violations.record,
            on_defect=_Defects(),
        )
        link = partial(BrokerLink, broker)
        recorder, read_history = _start_history(plant, data, link("history"), clock, stack)
        host = _start_host(plant, link("sparkplug-host"), clock, violations.record, recorder)
        stack.push_async_callback(_stop_task, asyncio.create_task(_tick(host), name="sparkplug host"))
        stack.callback(host.stop)
        sources = Sources(plant.sources, host, link, clock, data)
        stack.push_async_callback(sources.stop)
        mqtt = MqttListener(broker)
        stack.push_async_callback(mqtt.stop)
        mqtt_port = await _listen(mqtt, settings.mqtt.host, settings.mqtt.port)
        app = create_app(
            Platform(
                version=__version__,
                name=settings.name or plant.directory.resolve().name,
                started_ms=clock.wall_ms(),
                mqtt=(settings.mqtt.host, mqtt_port),
                clock=clock,
                broker=broker,
                policy=plant.admission(),
                guard=HttpGuard(authenticator),
                sources=sources,
                history=read_history,
                violations=violations,
                checks=partial(_checks, recorder, violations),
                gauges=partial(_gauges, recorder, violations, authenticator),
            ),
            static=STATIC,
            headers=SECURITY_HEADERS,
        )
        http = HttpServer(app, settings.http.host, settings.http.port, before_stop=partial(end_streams, app))
        await http.start()
        stack.push_async_callback(http.stop)
        starting = asyncio.create_task(_start_sources(sources, devices_ready), name="start of the sources")
        stack.push_async_callback(_stop_task, starting)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        on_ready(Addresses(settings.mqtt.host, mqtt_port, settings.http.host, http.port))
        await stop.wait()


async def _listen(mqtt: MqttListener, host: str, port: int) -> int:
    try:
        return await mqtt.start(host, port)
    except OSError as error:
        raise UnsError(
            Finding(
                id="unreachable.port",
                what=f"MQTT cannot listen on {host}:{port} ({error.strerror or error}).",
                hint="Stop what uses it (another broker?), or choose another with --mqtt-port.",
            )
        ) from error


def _start_history(
    plant: Plant, data: Path, link: Link, clock: Clock, stack: AsyncExitStack
) -> tuple[Recorder | None, HistoryReader | None]:
    settings = plant.settings.history
    if not settings.enabled:
        return None, None
    store = SqliteHistory(data / "history.db")
    stack.callback(store.close)
    recorder = Recorder(
        link,
        store,
        plant.record_filters,
        clock,
        retention_days=settings.retention_days,
        limits=BufferLimits(buffer_items=settings.queue_size),
        target=str(store.path),
    )
    recorder.start()
    stack.callback(recorder.stop)
    return recorder, partial(query, store)


def _start_host(
    plant: Plant, link: Link, clock: Clock, record: Callable[[Violation], None], recorder: Recorder | None
) -> SparkplugHost:
    def on_finding(finding: Finding, message: Message | None) -> None:
        """A fault in a Sparkplug message is a violation like any other; the message itself was delivered."""
        record(
            Violation(
                time_ms=clock.wall_ms(),
                verdict=judge(Mode.WARN, finding),
                topic=message.topic if message else "",
                payload=message.payload if message else b"",
                client_id=message.publisher if message else "",
                mode=Mode.WARN,
            )
        )

    host = SparkplugHost(
        link,
        clock,
        plant.settings.sparkplug.host_id,
        on_finding,
        on_historical=recorder.record_historical if recorder else lambda topic, sample: None,
    )
    host.start()
    return host


async def _start_sources(sources: Sources, devices_ready: DevicesReady | None) -> None:
    if devices_ready is not None:
        await devices_ready()
    sources.start()


async def _tick(host: SparkplugHost) -> None:
    while True:
        await asyncio.sleep(HOST_TICK_S)
        host.tick()


async def _stop_task(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class _Defects:
    """Logs what should never happen: each kind once, with its traceback, because it may come with every message."""

    def __init__(self) -> None:
        self._told: set[tuple[str, type[Exception]]] = set()

    def __call__(self, what: str, topic: str, error: Exception) -> None:
        kind = (what, type(error))
        if kind not in self._told and len(self._told) < MAX_DEFECTS_TOLD:
            self._told.add(kind)
            log.error("%s on '%s'; further ones are only counted", what, topic, exc_info=error)


class _Authentication:
    """The authenticator as the broker asks it: at once without a password, in a task of its own with one."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "_Authentication":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __call__(self, credentials: Credentials, answer: Answer) -> None:
        if credentials.username is None and credentials.password is None:
            identity = self._authenticator.authenticate(None, None, credentials.address)
            answer(identity if isinstance(identity, Finding) else identity.role)
            return
        task = asyncio.create_task(self._verify(credentials, answer), name=f"password of {credentials.client_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify(self, credentials: Credentials, answer: Answer) -> None:
        identity = await self._authenticator.authenticate_soon(
            credentials.username, credentials.password, credentials.address
        )
        answer(identity if isinstance(identity, Finding) else identity.role)


def _checks(recorder: Recorder | None, violations: ViolationStore) -> Mapping[str, Finding | None]:
    """What /readyz tells: each part and what is wrong with it. Answering at all means that both listeners run."""
    return {
        "broker": None,
        "history": recorder.status().finding if recorder else None,
        "violations": violations.status().finding,
    }


def _gauges(recorder: Recorder | None, violations: ViolationStore, authenticator: Authenticator) -> Mapping[str, float]:
    """What /metrics tells beside the broker's own counters: every queue and what it shed."""
    kept = violations.status()
    gauges: dict[str, float] = {
        "violations_stored": kept.stored,
        "violations_pending": kept.pending,
        "violations_shed_total": kept.shed,
        "violations_dropped_total": kept.dropped,
        "violations_write_failures_total": kept.failures,
        "login_failures_total": authenticator.failures,
    }
    if recorder is not None:
        history = recorder.status()
        gauges |= {
            "history_recorded_total": history.recorded,
            "history_pending": history.pending,
            "history_shed_total": history.shed,
            "history_refused_total": history.refused,
            "history_write_failures_total": history.failures,
        }
    return gauges
