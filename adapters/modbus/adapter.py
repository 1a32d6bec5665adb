"""How is one Modbus TCP device polled and written?"""

import asyncio
from typing import TYPE_CHECKING

from adapters.modbus.options import Setup, read_setup
from adapters.modbus.plan import Block, Plan
from adapters.modbus.registers import Register, Table, Value, decode, encode
from adapters.modbus.schedule import Schedule
from uns.adapter import Fatal, Point, Reading, Retriable, Sink, SourceConfig
from uns.adapter_faults import not_connected, not_installed, write_refused
from uns.errors import Finding
from uns.samples import Quality

if TYPE_CHECKING:
    from adapters.modbus.client import ModbusTcp


class ModbusAdapter:
    """Polls blocks of registers at a fixed rate. What it learned about the device's gaps outlives a connection."""

    def __init__(self, config: SourceConfig) -> None:
        self._config = config
        self._setup: Setup | None = None
        self._plans: dict[int, Plan] = {}
        self._client: ModbusTcp | None = None
        self._missing: set[Register] = set()

    def check(self) -> list[Finding]:
        """See `uns.adapter.Adapter.check`."""
        return read_setup(self._config)[1]

    async def run(self, sink: Sink) -> None:
        """See `uns.adapter.Adapter.run`."""
        setup = self._prepare()
        client = _new_client(setup)
        await client.connect()
        self._client = client
        self._missing = set()
        try:
            await self._poll(_Round(client, setup, sink, self._missing))
        finally:
            self._client = None
            client.close()

    async def write(self, point: Point, value: Value) -> None:
        """Write a coil or holding registers. Raises Retriable when not connected, Fatal when it cannot be written."""
        setup = self._prepare()
        register = setup.registers[point]
        if register.table not in (Table.COIL, Table.HOLDING):
            raise Fatal(_unwritable(point, "only coils and holding registers can be written"))
        try:
            words = encode(register, value)
        except ValueError as error:
            raise Fatal(_unwritable(point, str(error))) from error
        if self._client is None:
            raise Retriable(not_connected(self._config))
        from adapters.modbus.client import ExceptionReply

        try:
            await self._client.write(register.table, register.address, words)
        except ExceptionReply as reply:
            raise Fatal(_unwritable(point, f"the device refuses it with {reply}")) from reply

    def _prepare(self) -> Setup:
        if self._setup is None:
            setup, findings = read_setup(self._config)
            if setup is None:
                raise Fatal(findings[0])
            by_interval: dict[int, list[Register]] = {}
            for register in setup.registers.values():
                by_interval.setdefault(setup.poll_ms(register), []).append(register)
            self._plans = {
                ms: Plan(dict.fromkeys(registers), gap=setup.options.gap) for ms, registers in by_interval.items()
            }
            self._setup = setup
        return self._setup

    async def _poll(self, reads: "_Round") -> None:
        """Read everything once, announce it, then poll until something breaks off."""
        first = [reading for plan in self._plans.values() for reading in await reads.read(plan)]
        if reads.failure is not None and all(reading.quality is Quality.BAD for reading in first):
            raise Retriable(_failing(reads.setup, reads.failure))
        registers = reads.setup.registers
        reads.sink.connected(
            {point: register.datatype for point, register in registers.items() if register not in self._missing}
        )
        reads.sink.emit(first)
        if not self._plans:
            await asyncio.Event().wait()
        loop = asyncio.get_running_loop()
        schedule = Schedule(self._plans, loop.time() * 1000)
        schedule.take(loop.time() * 1000)
        while True:
            await asyncio.sleep(max(0.0, schedule.next_ms() / 1000 - loop.time()))
            skipped = schedule.skipped
            for interval in schedule.take(loop.time() * 1000):
                reads.sink.emit(await reads.read(self._plans[interval]))
            if schedule.skipped > skipped:
                reads.sink.dropped(schedule.skipped - skipped)


class _Round:
    """One connection's way of reading a plan: blocks to readings, refusals to smaller blocks."""

    def __init__(self, client: "ModbusTcp", setup: Setup, sink: Sink, missing: set[Register]) -> None:
        self.setup = setup
        self.sink = sink
        self.failure: Exception | None = None
        """The last exception reply that said: not now."""
        self._client = client
        self._missing = missing
        self._points: dict[Register, list[Point]] = {}
        for point, register in setup.registers.items():
            self._points.setdefault(register, []).append(point)

    async def read(self, plan: Plan) -> list[Reading]:
        readings: list[Reading] = []
        queue = list(reversed(plan.blocks))
        while queue:
            block = queue.pop()
            if not self._missing.issuperset(block.registers):
                queue += reversed(await self._read_block(plan, block, readings))
        return readings

    async def _read_block(self, plan: Plan, block: Block, readings: list[Reading]) -> list[Block]:
        """Append the block's readings; returns the smaller blocks to read instead when the device refuses it."""
        from adapters.modbus.client import (
            GATEWAY_CODES,
            ILLEGAL_ADDRESS,
            ILLEGAL_FUNCTION,
            ILLEGAL_VALUE,
            ExceptionReply,
        )

        try:
            answer = await self._client.read(block.table, block.start, block.count)
        except ExceptionReply as reply:
            if reply.code in GATEWAY_CODES:
                raise Retriable(_behind_gateway(self.setup, reply)) from reply
            if reply.code in (ILLEGAL_ADDRESS, ILLEGAL_VALUE) and len(block.spans) > 1:
                return plan.split(block)
            if reply.code in (ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE):
                self._report_missing(block, reply)
            else:
                self.failure = reply
                readings += [Reading(point, None, Quality.BAD) for r in block.registers for point in self._points[r]]
            return []
        for register in block.registers:
            value = decode(register, block.words(register, answer))
            readings += [Reading(point, value) for point in self._points[register]]
        return []

    def _report_missing(self, block: Block, reply: Exception) -> None:
        for register in block.registers:
            self._missing.add(register)
            for point in self._points[register]:
                self.sink.missing(point, _absent(point, register, reply))


def _new_client(setup: Setup) -> "ModbusTcp":
    try:
        from adapters.modbus.client import ModbusTcp
    except ImportError as error:
        raise Fatal(not_installed("Modbus", "pymodbus", "modbus", error)) from error
    return ModbusTcp(setup.host, setup.port, setup.options.unit_id, setup.options.timeout / 1000)


def _absent(point: Point, register: Register, reply: Exception) -> Finding:
    span = f"{register.count} {'bit' if register.table.bits else 'register'}{'s' if register.count > 1 else ''}"
    return Finding(
        id="source.register_unknown",
        what=f"{point.device}/{point.name}: the device answers {reply} for {span} at {register}.",
        where=point.where("register"),
        hint="Check table and address in the device's manual: addresses count from 0 here, many manuals count from 1.",
    )


def _failing(setup: Setup, reply: Exception) -> Finding:
    return Finding(
        id="source.no_answer",
        what=f"{setup.host}:{setup.port} answers {reply} to everything asked of unit {setup.options.unit_id}.",
        where="/unit_id",
        hint="Check unit_id, and the device's own display or log.",
    )


def _behind_gateway(setup: Setup, reply: Exception) -> Finding:
    return Finding(
        id="source.unreachable",
        what=f"the gateway {setup.host}:{setup.port} answers {reply} for unit {setup.options.unit_id}.",
        where="/unit_id",
        hint="Check that the device behind the gateway is on, and its unit_id.",
    )


def _unwritable(point: Point, why: str) -> Finding:
    hint = "Write a value of the point's type to a register that the device allows to be written."
    return write_refused(point, "register", why, hint)
