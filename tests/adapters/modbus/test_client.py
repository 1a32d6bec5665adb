"""The client, where its library would swallow a cancellation."""

import asyncio

import pytest
from pymodbus import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse

from adapters.modbus.client import ModbusTcp
from adapters.modbus.registers import Table


@pytest.mark.parametrize("failure", [None, ModbusException("no answer")], ids=["answer", "failure"])
async def test_a_cancellation_that_the_library_swallows_is_honoured(failure: ModbusException | None) -> None:
    """As `asyncio.wait_for` within pymodbus does before Python 3.12, when both come at the same moment."""
    asked = asyncio.Event()

    async def swallow(*_: object, **__: object) -> ModbusPDU:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if failure is not None:
                raise failure from None
        return ReadHoldingRegistersResponse(registers=[7])

    client = ModbusTcp("127.0.0.1", 1, 1, 1.0)
    client._client.read_holding_registers = swallow  # type: ignore[method-assign]
    reading = asyncio.create_task(client.read(Table.HOLDING, 0, 1))
    await asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
