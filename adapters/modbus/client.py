"""How does this program talk Modbus TCP? The one file that knows pymodbus, whose names change in minor releases."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from adapters.modbus.registers import Table
from uns.adapter import Retriable
from uns.errors import Finding

# Whatever it has to say is raised to us and stands in the source's status.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
logging.getLogger("pymodbus_internal").setLevel(logging.CRITICAL)

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
GATEWAY_CODES = (10, 11)

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge, still working",
    6: "device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}


class ExceptionReply(Exception):
    """The device answered, with a Modbus exception code (Application Protocol, section 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({EXCEPTIONS.get(code, 'unknown')})")
        self.code = code


class ModbusTcp:
    """One connection to one unit. Every failure but an exception reply is raised as Retriable, with its cause."""

    def __init__(self, host: str, port: int, unit_id: int, timeout_s: float) -> None:
        self._place = f"{host}:{port}"
        self._unit_id = unit_id
        self._timeout_s = timeout_s
        # Reconnecting and trying again is the platform's: an answer that comes late would belong to another request.
        self._client = AsyncModbusTcpClient(host, port=port, timeout=timeout_s, retries=0, reconnect_delay=0)

    async def connect(self) -> None:
        connected = await self._client.connect()
        _honour_cancellation()
        if not connected:
            raise Retriable(
                Finding(
                    id="source.unreachable",
                    what=f"no TCP connection to {self._place} within {self._timeout_s:g} s.",
                    where="/endpoint",
                    hint="Check the address, the port (502 by default) and that the device is on.",
                )
            )

    def close(self) -> None:
        self._client.close()

    async def read(self, table: Table, start: int, count: int) -> list[int]:
        """Registers, or bits as 0 and 1. Raises ExceptionReply and Retriable."""
        read = {
            Table.COIL: self._client.read_coils,
            Table.DISCRETE: self._client.read_discrete_inputs,
            Table.HOLDING: self._client.read_holding_registers,
            Table.INPUT: self._client.read_input_registers,
        }[table]
        reply = await self._ask(read, start, count=count)
        values = [int(bit) for bit in reply.bits[:count]] if table.bits else list(reply.registers)
        if len(values) != count:
            raise self._broken(f"it sent {len(values)} values when {count} were asked for")
        return values

    async def write(self, table: Table, start: int, words: list[int]) -> None:
        """Write coils or holding registers. Raises ExceptionReply and Retriable."""
        if table is Table.COIL:
            await self._ask(self._client.write_coil, start, bool(words[0]))
        elif len(words) == 1:
            await self._ask(self._client.write_register, start, words[0])
        else:
            await self._ask(self._client.write_registers, start, words)

    async def _ask(self, request: Callable[..., Awaitable[ModbusPDU]], *arguments: Any, **named: Any) -> ModbusPDU:
        try:
            reply = await request(*arguments, **named, device_id=self._unit_id)
        except ModbusException as error:
            _honour_cancellation()
            raise self._broken(error.string.split("] ", 1)[-1]) from error
        _honour_cancellation()
        if reply.isError():
            raise ExceptionReply(reply.exception_code)
        return reply

    def _broken(self, reason: str) -> Retriable:
        return Retriable(
            Finding(
                id="source.no_answer",
                what=f"unit {self._unit_id} at {self._place} does not answer properly: {reason}.",
                where="/unit_id",
                hint=f"Check unit_id, and raise timeout (now {self._timeout_s:g} s) if the device is slow.",
            )
        )


def _honour_cancellation() -> None:
    """Raise the CancelledError that `asyncio.wait_for` within pymodbus swallows before Python 3.12, when the answer
    arrives at the same moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
