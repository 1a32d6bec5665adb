"""The utilities as a Modbus TCP server, answered from the values of the last step.

Unit 1; the addresses are in `modbus_map`. Addresses that no register covers answer ILLEGAL DATA ADDRESS, a write to a
register that is not writable too; a setpoint outside its limits answers ILLEGAL DATA VALUE.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from uns.errors import Finding, UnsError
from uns.simulator.modbus_map import REGISTERS, UNIT_ID
from uns.simulator.process.physics import Value
from uns.simulator.process.plant import Plant
from uns.simulator.process.setpoints import WriteRefused
from uns.simulator.registers import Register, Table

if TYPE_CHECKING:
    from pymodbus.constants import ExcCodes
    from pymodbus.simulator import SimData

_TABLE_OF_FUNCTION = {
    1: Table.COIL, 5: Table.COIL, 15: Table.COIL,
    2: Table.DISCRETE,
    3: Table.HOLDING, 6: Table.HOLDING, 16: Table.HOLDING, 22: Table.HOLDING, 23: Table.HOLDING,
    4: Table.INPUT,
}  # fmt: skip


class ModbusServer:
    """Started once, published to after each step, stopped once."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._values = plant.values()
        self._registers = {table: [r for r in REGISTERS if r.table is table] for table in Table}
        self._server: Any = None
        self.host, self.port = "", 0

    @property
    def endpoint(self) -> str:
        return f"tcp://{self.host}:{self.port}"

    async def start(self, host: str, port: int) -> None:
        """Listen; raises UnsError when the port is taken."""
        from pymodbus.server import ModbusTcpServer
        from pymodbus.simulator import SimDevice

        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        blocks = (
            _blocks(self._registers[Table.COIL]),
            _blocks(self._registers[Table.DISCRETE]),
            _blocks(self._registers[Table.HOLDING]),
            _blocks(self._registers[Table.INPUT]),
        )
        server: Any = ModbusTcpServer(SimDevice(UNIT_ID, blocks, action=self._on_request), address=(host, port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:  # pymodbus keeps the OSError to itself
            raise UnsError(
                Finding(
                    id="unreachable.listen",
                    what=f"the Modbus server cannot listen on {host}:{port}: the port is taken or the address unknown.",
                    hint="Stop what listens there, or choose another port with --modbus-port.",
                )
            ) from error
        self._server = server
        self.host, self.port = host, server.transport.sockets[0].getsockname()[1]

    def publish(self, values: Mapping[str, Value]) -> None:
        """Answer from these values from now on."""
        self._values = dict(values)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()
            self._server = None

    async def _on_request(
        self, function: int, start: int, address: int, count: int, memory: list[int], written: list[Any] | None
    ) -> "ExcCodes | None":
        """Called before each access to a block that starts at `start`: bring its memory up to date, or take a write.

        In the bit tables `count` is in words of 16 bits, as `memory` is, and so is `start`.
        """
        table = _TABLE_OF_FUNCTION[function]
        if written is None:
            self._refresh(table, start, memory)
            return None
        return self._write(table, address, written)

    def _refresh(self, table: Table, start: int, memory: list[int]) -> None:
        for register in self._registers[table]:
            value = self._values[register.tag]
            if table.bits:
                word, bit = divmod(register.address - 16 * start, 16)
                memory[word] = memory[word] & ~(1 << bit) | bool(value) << bit
            else:
                at = register.address - start
                memory[at : at + register.count] = register.encode(value)

    def _write(self, table: Table, address: int, written: list[Any]) -> "ExcCodes | None":
        """All or nothing. A setpoint of two registers may be written one by one: the other keeps its word."""
        from pymodbus.constants import ExcCodes

        target = range(address, address + len(written))
        touched = [r for r in self._registers[table] if r.address < target.stop and target.start < r.addresses.stop]
        writable = self._plant.writable()
        if sum(r.count for r in touched) < len(written) or any(r.tag not in writable for r in touched):
            return ExcCodes.ILLEGAL_ADDRESS
        values = {r.tag: self._merge(r, address, written) for r in touched}
        try:
            for tag, value in values.items():
                self._plant.check(tag, value)
        except WriteRefused:
            return ExcCodes.ILLEGAL_VALUE
        for tag, value in values.items():
            self._plant.write(tag, value)
            self._values[tag] = value
        return None

    def _merge(self, register: Register, address: int, written: list[Any]) -> Value:
        if register.table.bits:
            return bool(written[register.address - address])
        words = register.encode(self._values[register.tag])
        for offset, at in enumerate(register.addresses):
            if 0 <= at - address < len(written):
                words[offset] = written[at - address]
        return register.decode(words)


def _blocks(registers: Iterable[Register]) -> "list[SimData]":
    """Runs of adjacent addresses; what lies between two runs does not exist on the device."""
    from pymodbus.simulator import DataType, SimData

    runs: list[range] = []
    for register in sorted(registers, key=lambda r: r.address):
        if runs and runs[-1].stop == register.address:
            runs[-1] = range(runs[-1].start, register.addresses.stop)
        else:
            runs.append(register.addresses)
    if all(register.table.bits for register in registers):
        return [SimData(run.start, values=[False] * len(run), datatype=DataType.BITS) for run in runs]
    return [SimData(run.start, values=[0] * len(run), datatype=DataType.REGISTERS) for run in runs]
