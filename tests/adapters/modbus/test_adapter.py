"""The adapter against two servers that nobody here wrote: pymodbus's and one on libmodbus."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.modbus import ModbusAdapter
from tests.adapters.support import Recorder, ServerProcess, config, running
from tests.support.until import until_async
from uns.adapter import Fatal, Retriable, SourceConfig
from uns.samples import DataType, Quality

HERE = Path(__file__).parent
ORDERS = [("big", "big"), ("big", "little"), ("little", "big"), ("little", "little")]  # bytes, words


@pytest.fixture
def pymodbus_server() -> Iterator[ServerProcess]:
    with ServerProcess([sys.executable, HERE / "pymodbus_server.py"]) as server:
        yield server


@pytest.fixture(scope="session")
def libmodbus_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gcc") or not shutil.which("pkg-config"):
        pytest.skip("gcc or pkg-config is absent")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmodbus"], capture_output=True, text=True)
    if flags.returncode:
        pytest.skip("libmodbus-dev is absent")
    program = tmp_path_factory.mktemp("libmodbus") / "server"
    subprocess.run(["gcc", "-O1", HERE / "libmodbus_server.c", "-o", program, *flags.stdout.split()], check=True)
    return program


@pytest.fixture
def libmodbus_server(libmodbus_program: Path) -> Iterator[ServerProcess]:
    with ServerProcess([libmodbus_program]) as server:
        yield server


def source(server: ServerProcess, keys: dict[str, dict[str, Any]], **options: Any) -> SourceConfig:
    return config(f"tcp://127.0.0.1:{server.port}", keys, **{"poll": "50ms", "timeout": "1s", **options})


async def test_every_type_and_order_of_an_independent_server(libmodbus_server: ServerProcess) -> None:
    keys: dict[str, dict[str, Any]] = {}
    for index, (bytes_, words) in enumerate(ORDERS):
        order = {"byte_order": bytes_, "word_order": words}
        keys[f"single{index}"] = {"register": f"holding:{100 + 2 * index}", "type": "float32", **order}
        keys[f"double{index}"] = {"register": f"holding:{110 + 4 * index}", "type": "float64", **order}
        keys[f"long{index}"] = {"register": f"holding:{130 + 2 * index}", "type": "int32", **order}
    keys |= {
        "big": {"register": "holding:138", "type": "uint64"},
        "text": {"register": "holding:142", "type": "string(8)"},
        "bit0": {"register": "holding:146", "bit": 0},
        "bit1": {"register": "holding:146", "bit": 1},
        "scaled": {"register": "holding:147", "scale": 0.1},
        "negative": {"register": "input:3", "type": "int16"},
        "coil": {"register": "coil:3"},
        "discrete": {"register": "discrete:17"},
    }
    adapter = ModbusAdapter(source(libmodbus_server, keys))
    assert adapter.check() == []
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        values = sink.values()
    assert [values[f"single{index}"] for index in range(4)] == [pytest.approx(21.4, abs=1e-6)] * 4
    assert [values[f"double{index}"] for index in range(4)] == [-1234.5678] * 4
    assert [values[f"long{index}"] for index in range(4)] == [-123456789] * 4
    assert {name: values[name] for name in list(keys)[12:]} == {
        "big": 0xFEDCBA9876543210,
        "text": "FILL-07",
        "bit0": True,
        "bit1": False,
        "scaled": 23.5,
        "negative": -2,
        "coil": True,
        "discrete": True,
    }
    assert sink.connections[0]["scaled"] is DataType.DOUBLE
    assert not sink.findings


async def test_a_register_that_does_not_exist_does_not_stop_its_neighbours(libmodbus_server: ServerProcess) -> None:
    keys = {f"r{number}": {"register": f"holding:{number}"} for number in range(140, 155)}
    async with running(ModbusAdapter(source(libmodbus_server, keys))) as sink:
        await until_async(lambda: sink.batches >= 3)
    assert list(sink.findings) == ["r150"]
    finding = sink.findings["r150"]
    assert finding.id == "source.register_unknown"
    assert finding.where == "/devices/device/r150/register"
    assert "exception 2" in finding.what
    assert set(sink.values()) == set(keys) - {"r150"}
    assert set(sink.connections[0]) == set(keys) - {"r150"}


async def test_a_device_failure_makes_values_bad_and_stays_connected(libmodbus_server: ServerProcess) -> None:
    keys = {"good": {"register": "holding:147"}, "broken": {"register": "holding:160"}}
    async with running(ModbusAdapter(source(libmodbus_server, keys))) as sink:
        await until_async(lambda: sink.batches >= 2)
    assert sink.value("good") == 235
    broken = sink.last("broken")
    assert broken is not None
    assert (broken.quality, broken.value) == (Quality.BAD, None)


async def test_written_values_are_read_back(libmodbus_server: ServerProcess) -> None:
    keys: dict[str, dict[str, Any]] = {
        "word": {"register": "holding:170"},
        "float": {"register": "holding:172", "type": "float32", "word_order": "little"},
        "coil": {"register": "coil:5"},
        "input": {"register": "input:0"},
        "absent": {"register": "holding:150"},
    }
    settings = source(libmodbus_server, keys)
    word, float_, coil, input_, absent = settings.points
    adapter = ModbusAdapter(settings)
    with pytest.raises(Retriable, match=r"unreachable\.source"):
        await adapter.write(word, 1)
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        await adapter.write(word, 4711)
        await adapter.write(float_, 0.5)
        await adapter.write(coil, True)
        await until_async(lambda: (sink.value("word"), sink.value("float"), sink.value("coil")) == (4711, 0.5, True))
        for point, value, complaint in (
            (word, 70000, "does not fit"),
            (input_, 1, "only coils and holding"),
            (absent, 1, "exception 2"),
        ):
            with pytest.raises(Fatal, match=complaint):
                await adapter.write(point, value)


async def test_blocks_over_the_limit_and_holes(pymodbus_server: ServerProcess) -> None:
    keys = {
        f"r{number}": {"register": f"holding:{number}"} for number in [*range(10), *range(14, 20), *range(200, 500)]
    }
    keys["hole"] = {"register": "holding:12"}
    async with running(ModbusAdapter(source(pymodbus_server, keys))) as sink:
        await until_async(lambda: sink.batches >= 2)
    assert list(sink.findings) == ["hole"]
    assert sink.values() == {name: int(name[1:]) for name in keys if name != "hole"}


async def test_polls_keep_their_rate_and_a_point_can_have_its_own(pymodbus_server: ServerProcess) -> None:
    keys = {"slow": {"register": "holding:1"}, "fast": {"register": "holding:2", "poll": "20ms"}}
    loop = asyncio.get_running_loop()
    async with running(ModbusAdapter(source(pymodbus_server, keys, poll="10s"))) as sink:
        await until_async(lambda: sink.readings)
        start = loop.time()
        await until_async(lambda: sink.batches >= 26)
        took = loop.time() - start
    assert 0.48 <= took <= 1.5
    assert sum(reading.point.name == "slow" for reading in sink.readings) == 1


async def test_a_killed_server_ends_the_run_and_a_new_run_reads_again(pymodbus_server: ServerProcess) -> None:
    adapter = ModbusAdapter(source(pymodbus_server, {"a": {"register": "holding:7"}}))
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("a") == 7)
        pymodbus_server.kill()
        await until_async(lambda: sink.ending)
    assert sink.ending is not None
    assert sink.ending.id == "source.no_answer"
    with pytest.raises(Retriable, match=r"source\.unreachable") as refused:
        await adapter.run(sink)
    assert refused.value.finding.where == "/endpoint"
    pymodbus_server.start()
    async with running(adapter) as sink:
        await until_async(lambda: sink.value("a") == 7)


async def test_a_hanging_server_is_noticed_within_the_timeout(pymodbus_server: ServerProcess) -> None:
    adapter = ModbusAdapter(source(pymodbus_server, {"a": {"register": "holding:7"}}, timeout="300ms"))
    async with running(adapter) as sink:
        await until_async(lambda: sink.readings)
        pymodbus_server.signal(signal.SIGSTOP)
        await until_async(lambda: sink.ending, within_s=3)
    assert sink.ending is not None
    assert sink.ending.id == "source.no_answer"


async def test_a_unit_that_is_not_there_is_told(pymodbus_server: ServerProcess) -> None:
    adapter = ModbusAdapter(source(pymodbus_server, {"a": {"register": "holding:7"}}, unit_id=9, timeout="300ms"))
    with pytest.raises(Retriable) as refused:
        async with asyncio.timeout(5):
            await adapter.run(Recorder())
    assert "unit 9" in refused.value.finding.what
    assert refused.value.finding.where == "/unit_id"


@pytest.mark.parametrize(
    ("endpoint", "options", "id_", "where"),
    [
        ("192.168.0.10:502", {}, "source.bad_endpoint", "/endpoint"),
        ("opc.tcp://host:4840", {}, "source.bad_endpoint", "/endpoint"),
        ("tcp://host:99999", {}, "source.bad_endpoint", "/endpoint"),
        ("tcp://host", {"unitid": 3}, "source.unknown_key", "/unitid"),
        ("tcp://host", {"unit_id": "three"}, "source.wrong_value", "/unit_id"),
        ("tcp://host", {"unit_id": 256}, "source.wrong_value", "/unit_id"),
        ("tcp://host", {"poll": "1ms"}, "source.wrong_value", "/poll"),
        ("tcp://host", {"poll": "soon"}, "source.wrong_value", "/poll"),
    ],
)
def test_check_finds_what_is_wrong(endpoint: str, options: dict[str, Any], id_: str, where: str) -> None:
    findings = ModbusAdapter(config(endpoint, {"a": {"register": "holding:1"}}, **options)).check()
    assert [(finding.id, finding.where) for finding in findings] == [(id_, where)]


def test_numbers_from_environment_variables_are_text_and_fit() -> None:
    keys = {"a": {"register": "holding:1", "bit": "3", "poll": "2s"}}
    assert ModbusAdapter(config("tcp://plc", keys, unit_id="17", poll="500ms")).check() == []
