"""An edge node beyond a network: real sockets to our broker and to mosquitto, cables that are cut and that go dead."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.brokers import Mosquitto
from tests.edge.cable import Cable
from tests.edge.remote import DEVICE, GROUP, NODE, QUICK, TREE, Edge, Server, at, running
from tests.edge.sources import MemoryBdSeq
from tests.interop.mosquitto import found
from tests.support.real_broker import permissive
from tests.support.until import until_async
from uns.broker import Broker
from uns.edge.mqtt import MqttOptions, MqttUplink
from uns.errors import Finding
from uns.link import Will
from uns.samples import DataType
from uns.server.clock import SystemClock
from uns.server.mqtt import MqttListener
from uns.sparkplug.command import Write
from uns.sparkplug.topic import state_topic


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = await Server(SystemClock()).start()
    yield made
    await made.listener.stop()


@pytest.fixture
async def other() -> AsyncIterator[Server]:
    made = await Server(SystemClock()).start()
    yield made
    await made.listener.stop()


@pytest.fixture
async def cable(server: Server) -> AsyncIterator[Cable]:
    """To the server; plugged in."""
    made = Cable(server.port)
    await made.plug()
    yield made
    await made.cut()


@pytest.fixture
async def loose(cable: Cable) -> Cable:
    """To the server; not plugged in."""
    await cable.cut()
    return cable


@pytest.mark.parametrize("version", [4, 5])
async def test_a_node_is_born_publishes_obeys_and_says_goodbye(server: Server, tmp_path: Path, version: int) -> None:
    async with running(Edge(tmp_path, [at(server.port)], version=version)) as edge:
        await until_async(lambda: server.client() == "edge-line1")
        edge.tell(3)
        await until_async(lambda: server.values("count") == {1, 2, 3})
        server.host.command(f"{TREE}/count", 77)
        await until_async(lambda: edge.writes == [Write(DEVICE, "count", DataType.INT64, 77)])
        server.host.request_rebirth(GROUP, NODE)
        await until_async(lambda: server.kinds.count("NBIRTH") == 2)
    await until_async(lambda: server.client() is None)
    assert server.kinds.count("NDEATH") == 1
    assert server.findings == []
    assert edge.findings == []


@pytest.mark.parametrize("version", [4, 5])
async def test_nothing_is_lost_while_the_cable_is_cut(
    server: Server, cable: Cable, tmp_path: Path, version: int
) -> None:
    async with running(Edge(tmp_path, [at(cable.port)], version=version)) as edge:
        await until_async(lambda: server.client() is not None)
        await edge.tell_for(0.3)
        await cable.cut()
        await edge.tell_for(0.6)
        await until_async(lambda: server.client() is None)
        assert edge.forward.status().waiting >= 50
        await cable.plug()
        await edge.tell_for(0.3)
        await until_async(lambda: server.values("count") == set(range(1, edge.count + 1)))
        await until_async(lambda: edge.reports)
    [report] = edge.reports
    assert report.samples >= 50
    assert (report.shed, report.unknown) == (0, 0)
    assert report.outage_ms >= 500
    assert edge.bd_seq.bd_seq >= 2


async def test_what_a_dead_connection_swallowed_is_sent_again(server: Server, cable: Cable, tmp_path: Path) -> None:
    """The connection stands, and the server hears nothing: QoS 0 tells nobody."""
    async with running(Edge(tmp_path, [at(cable.port)])) as edge:
        await until_async(lambda: server.client() is not None)
        await edge.tell_for(0.3)
        cable.deaden()
        await edge.tell_for(1.2)  # longer than it takes to notice
        cable.revive()
        await until_async(lambda: server.values("count") == set(range(1, edge.count + 1)))
    assert server.findings == []


async def test_a_late_value_goes_to_history_and_never_moves_the_live_one_back(
    server: Server, cable: Cable, tmp_path: Path
) -> None:
    async with running(Edge(tmp_path, [at(cable.port)])) as edge:
        await until_async(lambda: server.client() is not None)
        edge.tell(5)
        await until_async(lambda: len(server.values("count")) == 5)
        await cable.cut()
        await until_async(lambda: server.client() is None)
        edge.tell(5)
        await cable.plug()
        await until_async(lambda: len(server.values("count")) == 10)
        live = [sample.value for sample in server.live[f"{TREE}/count"] if sample.value is not None]
        assert live == sorted(live)
        assert {sample.value for sample in server.historical[f"{TREE}/count"]} >= {6, 7, 8, 9}


async def test_what_could_not_be_sent_outlives_the_process(server: Server, loose: Cable, tmp_path: Path) -> None:
    first = Edge(tmp_path, [at(loose.port)])
    async with running(first):
        first.tell(20)
    await loose.plug()
    second = Edge(tmp_path, [at(loose.port)])
    async with running(second):
        await until_async(lambda: server.values("count") >= set(range(1, 21)))
        await until_async(lambda: second.reports)
    assert second.reports[0].samples == 20


@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-phid-wait",
    "message-flow-edge-node-birth-publish-phid-wait-online",
)
async def test_no_birth_before_the_primary_host_is_online(server: Server, tmp_path: Path) -> None:
    async with running(Edge(tmp_path, [at(server.port)], primary_host="scada")) as edge:
        await until_async(lambda: edge.troubles and edge.troubles[-1] is not None)
        assert edge.troubles[-1] is not None
        assert edge.troubles[-1].id == "source.host_unknown"
        edge.tell(4)
        await until_async(lambda: edge.forward.status().waiting == 4)
        assert "NBIRTH" not in server.kinds
        server.ear.publish(state_topic("other"), b'{"online":true,"timestamp":5}', retain=True)
        server.ear.publish(state_topic("scada"), b'{"online":true,"timestamp":5}', retain=True)
        await until_async(lambda: server.values("count") == {1, 2, 3, 4})
        assert edge.troubles[-1] is None


@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-phid-offline",
    "operational-behavior-edge-node-termination-host-offline",
)
async def test_a_primary_host_that_goes_offline_ends_the_session(server: Server, tmp_path: Path) -> None:
    server.ear.publish(state_topic("scada"), b'{"online":true,"timestamp":5}', retain=True)
    async with running(Edge(tmp_path, [at(server.port)], primary_host="scada")) as edge:
        await until_async(lambda: server.client() is not None)
        server.ear.publish(state_topic("scada"), b'{"online":false,"timestamp":4}', retain=False)  # too old to count
        edge.tell(1)
        await until_async(lambda: server.values("count") == {1})
        assert server.kinds.count("NDEATH") == 0
        server.ear.publish(state_topic("scada"), b'{"online":false,"timestamp":6}', retain=True)
        await until_async(lambda: server.kinds.count("NDEATH") == 1)
        edge.tell(1)
        server.ear.publish(state_topic("scada"), b'{"online":true,"timestamp":7}', retain=True)
        await until_async(lambda: server.kinds.count("NBIRTH") == 2)
        await until_async(lambda: server.values("count") == {1, 2})


@pytest.mark.assertion(
    "operational-behavior-edge-node-termination-host-offline-reconnect",
    "operational-behavior-primary-application-state-with-multiple-servers-single-server",
    "operational-behavior-primary-application-state-with-multiple-servers-walk",
    "operational-behavior-edge-node-birth-sequence-wait",
)
async def test_it_walks_to_the_server_on_which_the_primary_host_is(
    server: Server, other: Server, tmp_path: Path
) -> None:
    server.ear.publish(state_topic("scada"), b'{"online":false,"timestamp":5}', retain=True)
    other.ear.publish(state_topic("scada"), b'{"online":true,"timestamp":5}', retain=True)
    async with running(Edge(tmp_path, [at(server.port), at(other.port)], primary_host="scada")) as edge:
        await until_async(lambda: other.client() is not None)
        edge.tell(2)
        await until_async(lambda: other.values("count") == {1, 2})
        assert "NBIRTH" not in server.kinds
        server.ear.publish(state_topic("scada"), b'{"online":true,"timestamp":6}', retain=True)
        other.ear.publish(state_topic("scada"), b'{"online":false,"timestamp":6}', retain=True)
        await until_async(lambda: server.client() is not None)
        edge.tell(2)
        await until_async(lambda: server.values("count") >= {3, 4})
        assert other.client() is None


async def test_a_server_that_is_away_is_walked_past(server: Server, loose: Cable, tmp_path: Path) -> None:
    async with running(Edge(tmp_path, [at(loose.port), at(server.port)])) as edge:
        await until_async(lambda: server.client() is not None)
        first = edge.troubles[0]
        assert first is not None
        assert first.id == "unreachable.server"
        assert str(loose.port) in first.what
        assert edge.uplink.server == at(server.port)


async def test_a_refused_login_is_told_and_tried_again(tmp_path: Path) -> None:
    clock = SystemClock()
    broker = Broker(
        permissive(),
        clock,
        authenticate=lambda credentials, answer: answer(Finding(id="access.credentials", what="no")),
    )
    listener = MqttListener(broker)
    port = await listener.start("127.0.0.1", 0)
    async with running(Edge(tmp_path, [at(port)], user="eve", password="x")) as edge:
        await until_async(lambda: len(edge.troubles) > 1)
        assert all(finding is not None and finding.id == "unreachable.server" for finding in edge.troubles)
        assert edge.troubles[0] is not None
        assert "takes no connection" in edge.troubles[0].what
    await listener.stop()


class FullDisk(MemoryBdSeq):
    def save(self, bd_seq: int) -> None:
        raise OSError(28, "No space left on device")


async def test_a_session_that_cannot_be_numbered_is_not_opened(server: Server, tmp_path: Path) -> None:
    edge = Edge(tmp_path, [at(server.port)])
    edge.link._bd_seq = FullDisk()
    async with running(edge):
        await until_async(lambda: edge.troubles)
        assert edge.troubles[0] is not None
        assert edge.troubles[0].id == "storage.bd_seq"
    assert server.kinds.count("NBIRTH") == 0


@pytest.mark.parametrize("version", [4, 5])
async def test_mosquitto_takes_it_too(tmp_path: Path, version: int) -> None:
    """Births, data and the death as another broker passes them on."""
    with Mosquitto(found("mosquitto")).running(tmp_path) as broker:
        heard: list[str] = []

        class Ear:
            def begin(self) -> Will:
                return Will("ear/gone", b"")

            def opened(self) -> None:
                ear.subscribe("spBv1.0/#", lambda message: heard.append(message.topic.split("/")[2]))
                ear.sync(lambda: heard.append("ready"))

            def lost(self) -> None:
                pass

            def trouble(self, finding: Finding | None) -> None:
                assert finding is None, finding

        ear = MqttUplink([at(broker.port)], MqttOptions(client_id="ear"), backoff=QUICK)
        ear.start(Ear())
        await until_async(lambda: heard == ["ready"])
        async with running(Edge(tmp_path, [at(broker.port)], version=version)) as edge:
            await until_async(lambda: "DBIRTH" in heard)
            edge.tell(3)
            await until_async(lambda: heard.count("DDATA") == 3)
            await until_async(lambda: edge.forward.status().unconfirmed == 0)
        await until_async(lambda: heard.count("NDEATH") == 1)
        assert heard == ["ready", "NBIRTH", "DBIRTH", "DDATA", "DDATA", "DDATA", "NDEATH"]
        ear.close()
        await ear.closed()
