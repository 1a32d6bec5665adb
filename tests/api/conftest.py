"""The real app on the real broker, policy, stores and guard; only the clock and the Sparkplug host are stand-ins."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from tests.api.contract import Contract
from tests.api.plant import ENVIRON, TEMPERATURE, make_policy
from tests.support.clock import FakeClock
from uns.api import Platform, TopicSource, create_app
from uns.app.replay import Replayer
from uns.broker import Broker
from uns.errors import Finding
from uns.history import SqliteHistory, query
from uns.link import Message
from uns.samples import Quality, Sample, encode_sample
from uns.security import Authenticator, HttpGuard
from uns.source_status import SourceState, SourceStatus
from uns.violations import Blocks, Inbox, Quarantine, ViolationStore


class Sources:
    """One OPC UA source that feeds the filler's temperature, as the composition would describe it.

    units: what edge nodes of somebody else tell.
    """

    units: ClassVar[dict[str, str]] = {}

    state = SourceStatus(
        name="line1",
        adapter="opcua",
        endpoint="opc.tcp://127.0.0.1:4840",
        state=SourceState.RETRYING,
        since_ms=1_790_000_000_000,
        finding=Finding(id="unreachable.device", what="nothing answers."),
        next_attempt_ms=1_790_000_002_000,
        points=4,
        points_seen=3,
        points_missing=1,
        rate_per_s=2.5,
        last_value_ms=None,
        reconnects=1,
        dropped=0,
        suppressed=0,
        missing=[],
        edge="acme:ghent:packaging/line1",
    )

    def states(self) -> list[SourceStatus]:
        return [self.state]

    def told_unit(self, topic: str) -> str:
        return self.units.get(topic, "")

    def source_of(self, topic: str) -> TopicSource | None:
        if topic != TEMPERATURE:
            return None
        return TopicSource(
            name="line1",
            adapter="opcua",
            endpoint=self.state.endpoint,
            address={"node": "ns=2;s=filler.temperature"},
            state=self.state.state,
            group="acme:ghent:packaging",
            node="line1",
            device="filler",
            metric="temperature",
        )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def violations(tmp_path: Path) -> Iterator[ViolationStore]:
    store = ViolationStore(tmp_path / "violations.db", namespace=make_policy().namespace)
    yield store
    store.close()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqliteHistory]:
    store = SqliteHistory(tmp_path / "history.db")
    yield store
    store.close()


@pytest.fixture
def broker(clock: FakeClock, violations: ViolationStore, blocks: Blocks) -> Broker:
    return Broker(make_policy(), clock, on_violation=violations.record, blocked=blocks.reason)


@pytest.fixture
def inbox(violations: ViolationStore) -> Inbox:
    return Inbox(violations)


@pytest.fixture
def blocks(violations: ViolationStore) -> Blocks:
    return Blocks(violations)


@pytest.fixture
def platform(
    clock: FakeClock,
    broker: Broker,
    violations: ViolationStore,
    inbox: Inbox,
    blocks: Blocks,
    history: SqliteHistory,
) -> Platform:
    policy = make_policy()
    return Platform(
        version="0.1.0",
        name="test plant",
        started_ms=clock.wall_ms() - 90_500,
        mqtt=("127.0.0.1", 1883, 8883),
        clock=clock,
        broker=broker,
        policy=policy,
        guard=HttpGuard(Authenticator(policy.access, clock, environ=ENVIRON)),
        sources=Sources(),
        history=partial(query, history),
        violations=violations,
        inbox=inbox,
        blocks=blocks,
        replays=Replayer(broker, Quarantine(violations), inbox, clock, lambda topic, sample: False),
        checks=lambda: {"broker": None},
        part_figures=lambda: {"history_pending": 3, "history_shed": 2},
    )


@pytest.fixture
def app(platform: Platform) -> FastAPI:
    return create_app(platform)


Connect = Callable[..., httpx.AsyncClient]


@pytest.fixture
def connect(app: FastAPI) -> Connect:
    """Make a client at an address; its JSON answers are held to the OpenAPI description."""
    contract = Contract(app)

    def make(address: str = "127.0.0.1", host: str = "localhost:8080", **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(address, 50_000))
        return httpx.AsyncClient(
            transport=transport, base_url=f"http://{host}", event_hooks={"response": [contract.check]}, **options
        )

    return make


@pytest.fixture
async def client(connect: Connect) -> AsyncIterator[httpx.AsyncClient]:
    """An anonymous client on this machine, with the role operator."""
    async with connect() as client:
        yield client


@pytest.fixture
def put(broker: Broker, clock: FakeClock) -> Callable[..., None]:
    """Publish a sample of now (or raw bytes) as the platform itself would."""

    def publish(topic: str, value: Any, *, quality: Quality = Quality.GOOD, retain: bool = True) -> None:
        if not isinstance(value, bytes):
            value = encode_sample(Sample(value, quality, clock.wall_ms()))
        verdict = broker.publish(Message(topic, value, retain=retain, publisher="plc"), "internal")
        assert verdict.delivered, verdict

    return publish


Put = Callable[..., None]


def error_of(response: httpx.Response) -> Finding:
    """The finding in an error answer."""
    return msgspec.convert(response.json()["error"], Finding)
