"""How is the whole house put together, started and stopped? The only place that knows all its parts.

broker ◀─ MQTT listeners         violations ◀─┐
  ▲  ▲ ─▶ recorder ─▶ history       broker ───┘
  │  └── Sparkplug host (projection)
  └───── sources (adapters as edge nodes)      HTTP ─▶ API over broker, policy, history, violations, sources
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from uns import __version__
from uns.api import Platform, create_app, end_streams, replace_policy
from uns.app.authentication import Authentication
from uns.app.backfill import Backfill
from uns.app.counted import counted
from uns.app.data import own_data
from uns.app.freshness import TICK_S, FreshnessWatch
from uns.app.govern import Governor, Switch, finish_pending
from uns.app.govern.foresight import MAX_KEPT_JUDGED
from uns.app.health import Health, checks, part_figures, stop_task
from uns.app.keeping import HOST_CLIENT_ID, keep
from uns.app.learn import Study
from uns.app.listeners import Addresses, listen, renew
from uns.app.models import FILE as MODELS_FILE
from uns.app.models import admit_at_start
from uns.app.notice_log import NoticeLog
from uns.app.plant import Plant
from uns.app.recording import past, start_history
from uns.app.replay import Replayer
from uns.app.sources import Sources
from uns.app.writes import Writes
from uns.broker import ASSIGNED_PREFIX, Broker
from uns.clock import Clock
from uns.errors import Finding
from uns.host.application import SparkplugHost
from uns.host.certificates import BirthCertificates
from uns.host.node import OnHistorical
from uns.link import Link, Message
from uns.models import ModelStore
from uns.policy import CompiledAdmission
from uns.policy.verdict import Mode, judge
from uns.policy.violation import Violation
from uns.revisions import RevisionStore
from uns.security import Authenticator, HttpGuard
from uns.server.clock import SystemClock
from uns.server.garbage import sweep, tamed
from uns.server.http import HttpServer
from uns.server.link import BrokerLink
from uns.server.memory import resident_bytes
from uns.server.mqtt import MqttListener
from uns.server.trim import give_memory_back
from uns.server.websocket import PATH
from uns.violations import Blocks, Inbox, Quarantine, StoredViolation, ViolationStore
from uns.web import SECURITY_HEADERS, STATIC

log = logging.getLogger(__name__)

STUDY_CLIENT_ID = "learn"
CERTIFICATES_CLIENT_ID = "sparkplug-certificates"
HOST_TICK_S = 0.2

DevicesReady = Callable[[], Awaitable[None]]


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
        revisions = RevisionStore(data / "revisions.db")
        stack.push_async_callback(asyncio.to_thread, revisions.close)
        plant = await asyncio.to_thread(finish_pending, revisions, plant)
        models = ModelStore(data / MODELS_FILE)
        stack.push_async_callback(asyncio.to_thread, models.close)
        await asyncio.to_thread(admit_at_start, models, plant.registry, clock.wall_ms())
        violations = ViolationStore(
            data / "violations.db",
            **settings.violations.model_dump(),
            namespace=plant.admission().namespace,
        )
        stack.push_async_callback(asyncio.to_thread, violations.close)
        inbox, blocks = Inbox(violations), Blocks(violations)
        authenticator = Authenticator(plant.access, clock, directory=plant.directory, environ=plant.environ)
        authentication = Authentication(authenticator)
        stack.push_async_callback(authentication.stop)
        health = Health()
        broker = Broker(
            plant.admission(),
            clock,
            limits=settings.mqtt.limits(),
            authenticate=authentication,
            blocked=blocks.reason,
            on_violation=violations.record,
            on_defect=health.defect,
            on_notice=NoticeLog(settings.mqtt.limits()),
            make_client_id=lambda: f"{ASSIGNED_PREFIX}{secrets.token_hex(8)}",
            keeps=settings.mqtt.durability != "memory",
            dates_deaths=settings.sparkplug.aware,
        )
        commit, projected = keep(broker, data, settings.mqtt.durability, stack)
        if settings.mqtt.sys_interval_s:
            broker.publish_sys_topics(
                settings.mqtt.sys_interval_s, f"uns-platform version {__version__}", resident_bytes
            )
        mqtt = MqttListener(broker, settings.mqtt.busy_poll_us)
        stack.push_async_callback(mqtt.stop)  # the last to leave: its clients still hear of the deaths below
        link = partial(BrokerLink, broker)
        recorder, read_history, read_samples = start_history(plant, data, link("history"), clock, stack)
        replayer = Replayer(broker, _quarantine(violations), inbox, clock, past(recorder))
        if settings.sparkplug.aware:
            certificates = BirthCertificates(link(CERTIFICATES_CLIENT_ID))
            certificates.start()
            stack.callback(certificates.stop)
        backfill = Backfill(broker, clock, past(recorder), violations.record)
        host = _start_host(plant, link(HOST_CLIENT_ID), clock, violations.record, backfill)
        host.adopt(projected)
        broker.write_with(Writes(broker, host, clock))
        stack.callback(host.stop)
        ticking = asyncio.create_task(health.repeat("sparkplug host", host.tick, HOST_TICK_S), name="sparkplug host")
        stack.push_async_callback(stop_task, ticking)
        freshness = FreshnessWatch(broker, clock, plant.namespace)
        watching_ages = asyncio.create_task(health.repeat("freshness", freshness.tick, TICK_S), name="freshness")
        stack.push_async_callback(stop_task, watching_ages)
        sources = Sources(plant.sources, host, link, clock, data)
        stack.push_async_callback(sources.stop)

        def on_policy(policy: CompiledAdmission) -> None:
            replace_policy(app, policy, authenticator.role_of)
            violations.namespace = policy.namespace
            freshness.follow(policy.namespace)

        governor = Governor(
            plant,
            revisions,
            models,
            broker,
            clock,
            Switch(broker, authenticator, sources, recorder, on_policy),
            read_history=read_samples,
            read_violations=partial(_since, violations),
        )
        await governor.start()
        mqtt_tls, http_tls = plant.tls("mqtt"), plant.tls("http")
        mqtt_port, tls_port = await listen(mqtt, plant, mqtt_tls)
        handshakes = [mqtt.handshakes]
        guard = HttpGuard(authenticator, settings.http.allowed_origins)
        app = create_app(
            Platform(
                version=__version__,
                name=settings.name or plant.directory.resolve().name,
                started_ms=clock.wall_ms(),
                mqtt=(settings.mqtt.host, mqtt_port, tls_port),
                clock=clock,
                broker=broker,
                policy=plant.admission(),
                guard=guard,
                sources=sources,
                sparkplug=host,
                history=read_history,
                recording=recorder,
                file_lines=lambda: governor.plant.file_lines,
                violations=violations,
                governor=governor,
                study=Study(broker, governor, link(STUDY_CLIENT_ID), clock, read_samples),
                inbox=inbox,
                blocks=blocks,
                replays=replayer,
                models=models,
                checks=partial(checks, health, mqtt.is_serving, commit, recorder, violations),
                part_figures=partial(part_figures, commit, recorder, violations, authenticator, handshakes),
            ),
            static=STATIC,
            headers=SECURITY_HEADERS,
        )
        names_user = settings.http.tls_names_user
        http = HttpServer(
            app,
            settings.http.host,
            settings.http.port if settings.http.plain else None,
            tls=http_tls,
            tls_port=settings.http.tls_port,
            names_user=names_user,
            before_stop=partial(end_streams, app),
            upgrades={PATH: partial(mqtt.web_socket, guard.admit_upgrade, names_user=names_user)},
        )
        handshakes.append(http.handshakes)
        await http.start()
        stack.push_async_callback(http.stop)
        renew([each for each in (mqtt_tls, http_tls) if each is not None], stack)
        watching = asyncio.create_task(_watch(http, stop, health), name="http watch")
        stack.push_async_callback(stop_task, watching)
        starting = asyncio.create_task(_start_sources(sources, devices_ready, health), name="start of the sources")
        stack.push_async_callback(stop_task, starting)
        trimming = asyncio.create_task(give_memory_back(lambda: broker.stats.memory_bytes), name="memory trim")
        stack.push_async_callback(stop_task, trimming)
        stack.enter_context(tamed())
        sweeping = asyncio.create_task(sweep(), name="garbage sweep")
        stack.push_async_callback(stop_task, sweeping)
        on_ready(Addresses(settings.mqtt.host, mqtt_port, settings.http.host, http.port, tls_port, http.tls_port))
        await stop.wait()


def _start_host(
    plant: Plant, link: Link, clock: Clock, record: Callable[[Violation], None], on_historical: OnHistorical
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

    settings = plant.settings.sparkplug
    host = SparkplugHost(
        link,
        clock,
        settings.host_id,
        on_finding,
        on_historical=on_historical,
        template=settings.template,
        reorder_timeout_ms=round(settings.reorder_timeout_s * 1000),
        rebirth_interval_ms=round(settings.rebirth_interval_s * 1000),
        start_spread_ms=round(settings.start_spread_s * 1000),
        passive=settings.passive,
        max_nodes=settings.max_nodes,
    )
    host.start()
    return host


def _quarantine(violations: ViolationStore) -> Quarantine:
    quarantine = Quarantine(violations)
    if quarantine.interrupted:
        log.warning(
            "the replay of %s was interrupted when the server ended; they may have been published, and are not "
            "replayed again (uns violations list shows them)",
            counted(quarantine.interrupted, "message"),
        )
    return quarantine


def _since(violations: ViolationStore, since_ms: int) -> list[StoredViolation]:
    """The kept violations since a time, newest first, as many as a plan looks at."""
    return [each for each in violations.list(MAX_KEPT_JUDGED).violations if each.violation.time_ms >= since_ms]


async def _start_sources(sources: Sources, devices_ready: DevicesReady | None, health: Health) -> None:
    try:
        if devices_ready is not None:
            await devices_ready()
    except Exception as error:
        health.failed("devices", error)
    sources.start()


async def _watch(http: HttpServer, stop: asyncio.Event, health: Health) -> None:
    """A server whose page and API are gone is of no use: end it, so that its supervisor starts it again."""
    try:
        await http.wait()
    except Exception as error:
        health.failed("http", error)
    if not stop.is_set():
        log.error("the HTTP listener has stopped; the server stops too")
        stop.set()
