"""Where does each utility keep its values? The register map of unit 1, as a gateway in front of five devices shows it.

As in real plants the devices do not agree: the boiler speaks big-endian floats, the compressor scaled 16-bit integers
and swapped 32-bit counters, and each of the three energy meters has another layout.
"""

from uns.simulator.registers import Order, Register, Table, Type

UNIT_ID = 1


def _bits(table: Table, address: int, *tags: str) -> list[Register]:
    return [Register(tag, table, address + offset) for offset, tag in enumerate(tags)]


def _floats(address: int, prefix: str, byte_order: Order, word_order: Order, *paths: str) -> list[Register]:
    return [
        Register(f"{prefix}/{path}", Table.INPUT, address + 2 * offset, "float32", byte_order, word_order)
        for offset, path in enumerate(paths)
    ]


def _meter(name: str, address: int, byte_order: Order, word_order: Order, energy: Type) -> list[Register]:
    tag = f"energy/{name}"
    phases = [f"{quantity}/{phase}" for quantity in ("voltage", "current") for phase in ("l1", "l2", "l3")]
    totals = ["power/active", "power/reactive", "power/apparent", "power_factor", "frequency"]
    return [
        *_floats(address, tag, byte_order, word_order, *phases, *totals),
        Register(f"{tag}/energy/active", Table.INPUT, address + 22, energy, byte_order, word_order),
        *_bits(Table.DISCRETE, address, f"{tag}/alarm/overload", f"{tag}/alarm/voltage"),
    ]


def _compressor(path: str, address: int, kind: Type, scale: float = 1.0) -> Register:
    return Register(f"energy/compressor1/{path}", Table.HOLDING, address, kind, "big", "little", scale)


_BOILER = "energy/boiler1"
_BOILER_FLOATS = (
    "pressure/actual",
    "water/level",
    "water/temperature",
    "steam/temperature",
    "steam/flow",
    "flue/temperature",
    "flue/oxygen",
    "burner/modulation",
    "gas/flow",
)

REGISTERS = (
    Register(f"{_BOILER}/pressure/setpoint", Table.HOLDING, 100, "float32"),
    *_floats(100, _BOILER, "big", "big", *_BOILER_FLOATS),
    Register(f"{_BOILER}/gas/volume", Table.INPUT, 118, "uint32"),
    Register(f"{_BOILER}/burner/state", Table.INPUT, 120, "uint16"),
    *_bits(
        Table.DISCRETE,
        100,
        f"{_BOILER}/feed_pump/running",
        f"{_BOILER}/alarm/low_water",
        f"{_BOILER}/alarm/high_pressure",
        f"{_BOILER}/alarm/burner_lockout",
    ),
    _compressor("pressure/setpoint", 200, "uint16", 0.01),
    _compressor("pressure/actual", 201, "uint16", 0.01),
    _compressor("air/flow", 202, "uint16", 0.01),
    _compressor("oil/temperature", 203, "int16", 0.1),
    _compressor("discharge/temperature", 204, "int16", 0.1),
    _compressor("dew_point", 205, "int16", 0.1),
    _compressor("motor/current", 206, "uint16", 0.1),
    _compressor("power", 207, "uint16", 0.01),
    _compressor("state", 208, "uint16"),
    _compressor("energy", 209, "uint32"),
    _compressor("hours/running", 211, "uint32"),
    _compressor("hours/loaded", 213, "uint32"),
    *_bits(Table.COIL, 200, "energy/compressor1/enabled"),
    *_bits(Table.DISCRETE, 200, "energy/compressor1/alarm/high_temperature", "energy/compressor1/alarm/low_pressure"),
    *_meter("meter_main", 1000, "big", "big", "uint64"),
    *_meter("meter_line1", 1100, "big", "little", "uint32"),
    *_meter("meter_line2", 1200, "little", "little", "int64"),
)
