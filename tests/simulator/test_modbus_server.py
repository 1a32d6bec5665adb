"""The Modbus server as a client sees it: four tables, mixed layouts, writable setpoints, exceptions."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from adapters.modbus.registers import Register, Table, decode, encode, parse_register
from tests.simulator.conftest import Simulator
from tests.simulator.plant_files import PLATFORM_KEYS, attributes, points
from uns.simulator.modbus_map import UNIT_ID

REGISTERS: dict[str, Register] = {
    tag: parse_register({key: value for key, value in point.items() if key not in PLATFORM_KEYS})[0]
    for tag, point in points().items()
    if "register" in point
}


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=simulator.modbus_port, reconnect_delay=0)
    assert await client.connect()
    yield client
    client.close()


async def request(client: AsyncModbusTcpClient, table: Table, address: int, count: int) -> Any:
    read = {
        Table.COIL: client.read_coils,
        Table.DISCRETE: client.read_discrete_inputs,
        Table.HOLDING: client.read_holding_registers,
        Table.INPUT: client.read_input_registers,
    }[table]
    return await read(address, count=count, device_id=UNIT_ID)


async def value_of(client: AsyncModbusTcpClient, tag: str) -> Any:
    register = REGISTERS[tag]
    response = await request(client, register.table, register.address, register.count)
    assert not response.isError(), f"{tag}: {response}"
    words = response.bits[: register.count] if register.table.bits else response.registers
    return decode(register, words)


async def write(client: AsyncModbusTcpClient, tag: str, value: Any) -> Any:
    register = REGISTERS[tag]
    if register.table is Table.COIL:
        return await client.write_coil(register.address, value, device_id=UNIT_ID)
    return await client.write_registers(register.address, encode(register, value), device_id=UNIT_ID)


async def test_every_register_of_the_source_has_a_value_that_keeps_its_contract(client):
    for tag in REGISTERS:
        attribute, value = attributes()[tag], await value_of(client, tag)
        assert not attribute.enum or value in attribute.enum, tag
        if attribute.type in ("number", "integer"):
            assert attribute.min is None or attribute.min <= value, tag
            assert attribute.max is None or value <= attribute.max, tag
        else:
            assert isinstance(value, bool), tag


async def test_the_three_meters_agree_although_their_layouts_differ(client):
    for meter in ("meter_main", "meter_line1", "meter_line2"):
        assert await value_of(client, f"energy/{meter}/frequency") == pytest.approx(50.0, abs=0.1)
    assert await value_of(client, "energy/meter_main/energy/active") > 2**32
    assert await value_of(client, "energy/meter_line2/energy/active") >= 795_001_122


async def test_a_whole_device_can_be_read_in_one_request(client):
    response = await request(client, Table.INPUT, 1000, 26)
    assert len(response.registers) == 26


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("energy/boiler1/pressure/setpoint", 6.5),
        ("energy/compressor1/pressure/setpoint", 6.9),
        ("energy/compressor1/enabled", False),
        ("energy/compressor1/enabled", True),
    ],
)
async def test_a_setpoint_is_taken_and_read_back(client, tag, value):
    assert not (await write(client, tag, value)).isError()
    assert await value_of(client, tag) == pytest.approx(value)


async def test_a_setpoint_of_one_register_can_be_written_alone(client):
    assert not (await client.write_register(200, 700, device_id=UNIT_ID)).isError()
    assert await value_of(client, "energy/compressor1/pressure/setpoint") == pytest.approx(7.0)


@pytest.mark.parametrize("value", [3.9, 10.5, float("nan")])
async def test_a_setpoint_outside_its_limits_is_refused(client, value):
    before = await value_of(client, "energy/boiler1/pressure/setpoint")
    response = await write(client, "energy/boiler1/pressure/setpoint", value)
    assert response.exception_code == ExcCodes.ILLEGAL_VALUE
    assert await value_of(client, "energy/boiler1/pressure/setpoint") == before


@pytest.mark.parametrize(("address", "words"), [(203, [700]), (200, [700, 700]), (102, [1])])
async def test_registers_that_are_not_setpoints_refuse_writes(client, address, words):
    response = await client.write_registers(address, words, device_id=UNIT_ID)
    assert response.exception_code == ExcCodes.ILLEGAL_ADDRESS


@pytest.mark.parametrize(
    ("table", "address", "count"),
    [(Table.INPUT, 0, 1), (Table.INPUT, 120, 2), (Table.HOLDING, 215, 1), (Table.COIL, 0, 1)],
)
async def test_addresses_that_do_not_exist_are_refused(client, table, address, count):
    response = await request(client, table, address, count)
    assert response.isError()
    assert response.exception_code == ExcCodes.ILLEGAL_ADDRESS
