"""The adapter against node-opcua, which takes few items per call."""

from adapters.opcua import OpcUaAdapter
from tests.adapters.support import ServerProcess, config, running
from tests.support.until import until_async
from uns.samples import DataType, Quality

NAMES = [*(f"tag{tag}" for tag in range(40)), "int64", "uint32", "text", "flag"]


async def test_more_nodes_than_the_server_takes_per_call(node_server: ServerProcess) -> None:
    keys = {name: {"node": f"ns=1;s={name}"} for name in [*NAMES, "nope"]}
    adapter = OpcUaAdapter(config(f"opc.tcp://127.0.0.1:{node_server.port}", keys, publishing_interval="100ms"))
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        expected = {f"tag{tag}": tag + 0.5 for tag in range(40)}
        assert sink.values() == expected | {"int64": -2, "uint32": 4294967295, "text": "grün", "flag": True}
        assert sink.connections[0]["int64"] is DataType.INT64
        assert {name: finding.id for name, finding in sink.findings.items()} == {"nope": "source.node_unknown"}
        node_server.ask("set tag39 -1.25")
        await until_async(lambda: sink.value("tag39") == -1.25)
        node_server.ask("bad tag0")
        await until_async(lambda: sink.value("tag0") is None)
        last = sink.last("tag0")
        assert last is not None
        assert last.quality is Quality.BAD


async def test_the_server_comes_back(node_server: ServerProcess) -> None:
    keys = {"tag1": {"node": "ns=1;s=tag1"}}
    adapter = OpcUaAdapter(config(f"opc.tcp://127.0.0.1:{node_server.port}", keys, publishing_interval="100ms"))
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("tag1") == 1.5)
        node_server.kill()
        await until_async(lambda: sink.ending, within_s=2)
    node_server.start()
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("tag1") == 1.5)
        node_server.ask("set tag1 7")
        await until_async(lambda: sink.value("tag1") == 7)
