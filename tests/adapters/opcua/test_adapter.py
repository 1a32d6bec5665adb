"""The adapter against asyncua's server: types, times, quality, loss and return, writing."""

import asyncio
import math
import signal
import subprocess
import sys
from typing import Any

import pytest

from adapters.opcua import OpcUaAdapter
from tests.adapters.opcua.asyncua_server import SOURCE_TIME, URI
from tests.adapters.support import Recorder, ServerProcess, config, running
from tests.support.until import until_async
from uns.adapter import Fatal, Point, Retriable, SourceConfig
from uns.samples import DataType, Quality

EXPECTED: dict[str, tuple[DataType, Any]] = {
    "bool": (DataType.BOOLEAN, True),
    "sbyte": (DataType.INT8, -8),
    "byte": (DataType.UINT8, 200),
    "int16": (DataType.INT16, -16),
    "uint16": (DataType.UINT16, 65000),
    "int32": (DataType.INT32, -(2**31)),
    "uint32": (DataType.UINT32, 2**32 - 1),
    "int64": (DataType.INT64, -(2**63)),
    "uint64": (DataType.UINT64, 2**64 - 1),
    "float": (DataType.FLOAT, 1.5),
    "double": (DataType.DOUBLE, 21.4),
    "string": (DataType.STRING, "grün"),
    "numeric_string": (DataType.STRING, "007"),
    "datetime": (DataType.DATETIME, math.floor(SOURCE_TIME.timestamp() * 1000)),
    "guid": (DataType.UUID, "12345678-1234-5678-1234-567812345678"),
    "bytes": (DataType.BYTES, b"\x00\xff"),
    "text": (DataType.TEXT, "running"),
    "empty": (DataType.DOUBLE, None),
}


def source(server: ServerProcess, *names: str, **options: Any) -> SourceConfig:
    keys = {name: {"node": f"ns=2;s={name}"} for name in names}
    return config(f"opc.tcp://127.0.0.1:{server.port}", keys, **{"publishing_interval": "50ms", **options})


async def test_every_type_arrives_with_its_datatype(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, *EXPECTED))) as sink:
        await until_async(lambda: sink.readings)
    assert sink.connections == [{name: datatype for name, (datatype, _) in EXPECTED.items()}]
    values = sink.values()
    assert values == {name: value for name, (_, value) in EXPECTED.items()}
    assert {name: type(value) for name, value in values.items()} == {n: type(v) for n, (_, v) in EXPECTED.items()}
    assert not sink.findings


async def test_the_source_time_is_kept_and_never_rounded_up(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, "double", "empty"))) as sink:
        await until_async(lambda: sink.readings)
    double, empty = sink.last("double"), sink.last("empty")
    assert double is not None
    assert double.timestamp_ms == 1767323045678  # 678.9 ms
    assert empty is not None
    assert (empty.value, empty.quality) == (None, Quality.GOOD_NO_DATA)


async def test_changes_arrive_and_a_bad_status_takes_the_value_away(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, "changing"))) as sink:
        await until_async(lambda: sink.value("changing") == 21.4)
        asyncua_server.ask("set changing 22.5")
        await until_async(lambda: sink.value("changing") == 22.5)
        asyncua_server.ask("bad changing")
        await until_async(lambda: sink.value("changing") is None)
        last = sink.last("changing")
        assert last is not None
        assert last.quality is Quality.BAD
        asyncua_server.ask("set changing 23")
        await until_async(lambda: sink.value("changing") == 23)


async def test_a_value_that_stands_still_is_vouched_for_by_the_keep_alives(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, "double", publishing_interval="100ms"))) as sink:
        await until_async(lambda: sink.readings)
        signs = sink.signs_of_life
        await until_async(lambda: sink.signs_of_life >= signs + 2)
        assert {reading.value for reading in sink.readings} == {21.4}


async def test_a_queue_on_the_server_keeps_what_comes_between_two_publishes(asyncua_server: ServerProcess) -> None:
    settings = source(asyncua_server, "queued", queue_size=2000, publishing_interval="100ms", sampling_interval="0s")
    async with running(OpcUaAdapter(settings)) as sink:
        await until_async(lambda: sink.signs_of_life)  # subscribed
        asyncua_server.ask("burst queued 1500")
        await until_async(lambda: sink.value("queued") == 1499)
    numbers = [reading.value for reading in sink.readings]
    assert numbers[-1500:] == [float(number) for number in range(1500)]


async def test_nodes_that_cannot_be_read_are_told_and_the_others_go_on(asyncua_server: ServerProcess) -> None:
    settings = source(asyncua_server, "double", "nope", "folder", "array")
    points = [
        *settings.points,
        Point("device", "far", {"node": "ns=9;s=double"}),
        Point("device", "uri", {"node": f"nsu={URI};s=int16"}),
        Point("device", "nowhere", {"node": "nsu=urn:other;s=int16"}),
    ]
    adapter = OpcUaAdapter(SourceConfig("s", settings.endpoint, settings.options, points))
    assert adapter.check() == []
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
    assert sink.values() == {"double": 21.4, "uri": -16}
    assert {name: (finding.id, finding.where) for name, finding in sink.findings.items()} == {
        "nope": ("source.node_unknown", "/devices/device/nope/node"),
        "folder": ("source.node_unknown", "/devices/device/folder/node"),
        "array": ("source.type_unsupported", "/devices/device/array/node"),
        "far": ("source.node_unknown", "/devices/device/far/node"),
        "nowhere": ("source.node_unknown", "/devices/device/nowhere/node"),
    }
    assert f"2: {URI}" in sink.findings["far"].hint
    assert URI in sink.findings["nowhere"].hint


async def test_a_killed_server_ends_the_run_at_once_and_a_new_run_follows_again(mortal_server: ServerProcess) -> None:
    adapter = OpcUaAdapter(source(mortal_server, "double"))
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        mortal_server.kill()
        await until_async(lambda: sink.ending, within_s=2)
    assert sink.ending is not None
    assert sink.ending.id == "source.unreachable"
    with pytest.raises(Retriable, match="nothing listens"):
        await adapter.run(Recorder())
    mortal_server.start()
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("double") == 21.4)
        mortal_server.ask("set double 5")
        await until_async(lambda: sink.value("double") == 5)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


async def test_a_server_that_hangs_is_silent_after_five_seconds(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, "double", timeout="20s"))) as sink:
        await until_async(lambda: sink.signs_of_life)  # subscribed
        asyncua_server.signal(signal.SIGSTOP)
        try:
            await until_async(lambda: sink.ending, within_s=9)
        finally:
            asyncua_server.signal(signal.SIGCONT)
    assert sink.ending is not None
    assert sink.ending.id == "source.silent"


async def test_unchanged_values_are_no_silence(asyncua_server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.opcua.session.KEEP_ALIVE_MS", 100)
    monkeypatch.setattr("adapters.opcua.follow.SILENT_AFTER_S", 0.5)
    loop = asyncio.get_running_loop()
    async with running(OpcUaAdapter(source(asyncua_server, "double"))) as sink:
        await until_async(lambda: sink.readings)
        start = loop.time()
        await until_async(lambda: sink.ending or loop.time() > start + 1.2)
        assert sink.ending is None


async def test_writing_takes_the_type_of_the_node(asyncua_server: ServerProcess) -> None:
    settings = source(
        asyncua_server, "written_double", "written_int16", "written_bool", "written_string", "byte", "nope"
    )
    double, int16, bool_, string, byte, nope = settings.points
    adapter = OpcUaAdapter(settings)
    with pytest.raises(Retriable, match=r"unreachable\.source"):
        await adapter.write(double, 1.0)
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        for point, value in ((double, 7), (int16, -5), (bool_, False), (string, "abc")):
            await adapter.write(point, value)
        await until_async(lambda: [sink.value(point.name) for point in settings.points[:4]] == [7.0, -5, False, "abc"])
        for point, value, complaint in (
            (int16, 40000, "not between -32768 and 32767"),
            (int16, 1.5, "not a whole number"),
            (double, "x", "not a number"),
            (bool_, 1, "cannot be written as Boolean"),
            (byte, 1, "BadUserAccessDenied|BadNotWritable"),
            (nope, 1, "does not know"),
        ):
            with pytest.raises(Fatal, match=complaint):
                await adapter.write(point, value)


async def test_a_password_is_checked_by_the_server(asyncua_server: ServerProcess) -> None:
    async with running(OpcUaAdapter(source(asyncua_server, "double", username="operator", password="secret"))) as sink:
        await until_async(lambda: sink.readings)
    with pytest.raises(Fatal) as refused:
        await OpcUaAdapter(source(asyncua_server, "double", username="operator", password="wrong")).run(Recorder())
    assert (refused.value.finding.id, refused.value.finding.where) == ("source.refused", "/username")
    assert "wrong" not in str(refused.value)


async def test_a_host_that_does_not_exist_is_named() -> None:
    adapter = OpcUaAdapter(config("opc.tcp://plc.invalid:4840", {"a": {"node": "i=1"}}))
    with pytest.raises(Retriable, match=r"source\.unreachable.*plc\.invalid") as refused:
        await adapter.run(Recorder())
    assert refused.value.finding.where == "/endpoint"


@pytest.mark.parametrize(
    ("endpoint", "node", "options", "id_", "where"),
    [
        ("127.0.0.1:4840", "i=1", {}, "source.bad_endpoint", "/endpoint"),
        ("opc.tcp://:4840", "i=1", {}, "source.bad_endpoint", "/endpoint"),
        ("opc.tcp://h", "line1.speed", {}, "source.bad_node", "/devices/device/a/node"),
        ("opc.tcp://h", "ns=2;i=speed", {}, "source.bad_node", "/devices/device/a/node"),
        ("opc.tcp://h", "ns=2;g=123", {}, "source.bad_node", "/devices/device/a/node"),
        ("opc.tcp://h", "ns=x;s=a", {}, "source.bad_node", "/devices/device/a/node"),
        ("opc.tcp://h", "i=1", {"pubishing_interval": "1s"}, "source.unknown_key", "/pubishing_interval"),
        ("opc.tcp://h", "i=1", {"queue_size": 0}, "source.wrong_value", "/queue_size"),
        ("opc.tcp://h", "i=1", {"password": "x"}, "source.wrong_value", "/password"),
        ("opc.tcp://h", "i=1", {"security_policy": "Basic256"}, "source.wrong_value", "/security_policy"),
        ("opc.tcp://h", "i=1", {"certificate": "own.der"}, "source.wrong_value", "/security_policy"),
    ],
)
def test_check_finds_what_is_wrong(endpoint: str, node: str, options: dict[str, Any], id_: str, where: str) -> None:
    findings = OpcUaAdapter(config(endpoint, {"a": {"node": node}}, **options)).check()
    assert [(finding.id, finding.where) for finding in findings] == [(id_, where)]


@pytest.mark.parametrize(
    "node", ["i=2258", "ns=2;s=a;b=c", "ns=1;g=12345678-1234-5678-1234-567812345678", "ns=3;b=AP8="]
)
def test_check_takes_every_kind_of_node_id(node: str) -> None:
    assert OpcUaAdapter(config("opc.tcp://h", {"a": {"node": node}})).check() == []


def test_checking_does_not_import_asyncua() -> None:
    program = (
        "import sys, adapters.opcua, adapters.modbus; sys.exit('asyncua' in sys.modules or 'pymodbus' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
