"""A Modbus TCP server for the tests: unit 1, tables with holes, everything else answers exception 2."""

import asyncio
import logging
import sys

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

logging.disable(logging.CRITICAL)

HOLDING = [
    SimData(0, values=list(range(10)), datatype=DataType.REGISTERS),
    SimData(14, values=list(range(14, 20)), datatype=DataType.REGISTERS),  # 10 to 13 do not exist
    SimData(100, values=[0x41AB, 0x3333], datatype=DataType.REGISTERS),
    SimData(200, values=list(range(200, 500)), datatype=DataType.REGISTERS),
]
INPUT = [SimData(0, values=[7, 0xFFFE], datatype=DataType.REGISTERS)]
BITS = [SimData(0, values=[True, False] * 8, datatype=DataType.BITS)]


async def main() -> None:
    device = SimDevice(1, simdata=(BITS, BITS, HOLDING, INPUT))
    server = ModbusTcpServer(device, address=("127.0.0.1", int(sys.argv[1])))
    await server.serve_forever(background=True)
    print("ready", flush=True)  # noqa: T201
    await asyncio.Event().wait()


asyncio.run(main())
