"""What does a register address mean, and how do its 16-bit words become a value? (Modbus Application Protocol 1.1b3)

Addresses are those on the wire, counted from 0. The protocol fixes the bytes of one register (high byte first) and
nothing more, so a value over several registers has two orders, held apart here: of the bytes within each register
and of the registers. 0x41AB33CD as float32: big/big sends 41AB 33CD, word_order little 33CD 41AB, byte_order little
AB41 CD33, both little CD33 AB41.
"""

import math
import re
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from uns.errors import Finding, nearest
from uns.fields import Milliseconds, pointer, read_fields
from uns.samples import DataType, shortest

Value = bool | int | float | str

LAST_ADDRESS = 0xFFFF
_STRING = re.compile(r"string\((\d+)\)")
_FORMATS = {
    "int16": ("h", DataType.INT16),
    "uint16": ("H", DataType.UINT16),
    "int32": ("i", DataType.INT32),
    "uint32": ("I", DataType.UINT32),
    "int64": ("q", DataType.INT64),
    "uint64": ("Q", DataType.UINT64),
    "float32": ("f", DataType.FLOAT),
    "float64": ("d", DataType.DOUBLE),
}
TYPES = ("bool", *_FORMATS, "string(n)")


class Table(StrEnum):
    """The four tables of the Modbus data model."""

    COIL = "coil"
    DISCRETE = "discrete"
    HOLDING = "holding"
    INPUT = "input"

    @property
    def bits(self) -> bool:
        """Its entries are single bits, not registers."""
        return self in (Table.COIL, Table.DISCRETE)


class Order(StrEnum):
    """Most significant first (big) or last (little)."""

    BIG = "big"
    LITTLE = "little"


class Address(msgspec.Struct, frozen=True):
    """The keys of a point in a source file.

    register: `table:address`; type: one of TYPES, by default bool for bits and uint16 for registers;
    bit: 0 (least significant) to 15, makes a bool of one bit of a register; the value is raw × scale + offset.
    """

    register: str
    type: str = ""
    byte_order: Order = Order.BIG
    word_order: Order = Order.BIG
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    poll: Milliseconds | None = None


class Register(msgspec.Struct, frozen=True):
    """A parsed address. count: bits or registers on the wire; format: of `struct`, empty for bool and string."""

    table: Table
    address: int
    count: int
    datatype: DataType
    format: str = ""
    byte_order: Order = Order.BIG
    word_order: Order = Order.BIG
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    poll: Milliseconds | None = None

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count

    @property
    def scaled(self) -> bool:
        return self.scale != 1.0 or self.offset != 0.0

    def __str__(self) -> str:
        return f"{self.table}:{self.address}"


def parse_register(keys: Mapping[str, Any], where: str = "") -> tuple[Register | None, list[Finding]]:
    """A point's keys to its register; None and the findings when they are wrong. `where` is the point's pointer."""
    address, findings = read_fields(Address, keys, where)
    if address is None:
        return None, findings
    try:
        table, number = _parse_place(address.register)
    except ValueError as error:
        return None, [_finding("source.bad_register", str(error), where, "register")]
    try:
        return _build(address, table, number), []
    except _TypeFault as fault:
        return None, [_finding("source.bad_type", str(fault), where, fault.key, fault.nearest)]


def decode(register: Register, words: Sequence[int]) -> Value:
    """The value in the `count` words (or bits) read at the register's address."""
    if register.table.bits:
        return bool(words[0])
    if register.bit is not None:
        return bool(_swapped(register, words)[0] >> register.bit & 1)
    if register.datatype is DataType.STRING:
        return _to_bytes(_swapped(register, words)).split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()
    if not register.format:
        return any(words)
    raw: int | float = struct.unpack(">" + register.format, _to_bytes(_ordered(register, words)))[0]
    if register.format == "f":
        raw = shortest(raw)
    return scale(raw, register) if register.scaled else raw


def encode(register: Register, value: Value) -> list[int]:
    """The words (or the one bit) to write for a value; ValueError when it does not fit the type."""
    if register.bit is not None:
        raise ValueError("one bit of a register cannot be written without touching its neighbours")
    if register.datatype is DataType.BOOLEAN:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not true or false")
        return [int(value)]
    if register.datatype is DataType.STRING:
        return _swapped(register, _string_words(register, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    raw = (value - register.offset) / register.scale if register.scaled else value
    try:
        packed = struct.pack(">" + register.format, raw if register.format in "fd" else _whole(raw))
    except (struct.error, OverflowError) as error:
        raise ValueError(f"{value!r} does not fit the register: {error}") from error
    return _ordered(register, _to_words(packed))


def scale(raw: float, register: Register) -> float:
    """raw × scale + offset, calculated as people do: 3 × 0.1 is 0.3, and not 0.30000000000000004."""
    return float(Decimal(repr(raw)) * Decimal(repr(register.scale)) + Decimal(repr(register.offset)))


class _TypeFault(ValueError):
    def __init__(self, text: str, key: str = "type", near: str = "") -> None:
        super().__init__(text)
        self.key = key
        self.nearest = near


def _parse_place(text: str) -> tuple[Table, int]:
    name, _, number = text.partition(":")
    if name not in list(Table):
        near = nearest(name, Table)
        raise ValueError(
            f"'{text}' names no table: write coil, discrete, holding or input, a colon and the address from 0, "
            f"such as '{near or 'holding'}:{number or 100}'."
        )
    if not number.isdecimal() or int(number) > LAST_ADDRESS:
        raise ValueError(f"'{text}': the address '{number}' is not a whole number from 0 to {LAST_ADDRESS}.")
    return Table(name), int(number)


def _build(address: Address, table: Table, number: int) -> Register:
    count, form, datatype = _layout(address, table)
    if number + count - 1 > LAST_ADDRESS:
        raise _TypeFault(f"{address.type} at {address.register} reaches past the last address {LAST_ADDRESS}.")
    scaled = address.scale != 1.0 or address.offset != 0.0
    if scaled and not form:
        raise _TypeFault("only a number can have a scale or an offset.", "scale")
    for key in ("scale", "offset"):
        if not math.isfinite(getattr(address, key)):
            raise _TypeFault(f"'{key}' is {getattr(address, key)}, not a finite number.", key)
    if address.scale == 0:
        raise _TypeFault("a scale of 0 makes every value the same.", "scale")
    return Register(
        table=table,
        address=number,
        count=count,
        datatype=DataType.DOUBLE if scaled else datatype,
        format=form,
        byte_order=address.byte_order,
        word_order=address.word_order,
        bit=address.bit,
        scale=address.scale,
        offset=address.offset,
        poll=address.poll,
    )


def _layout(address: Address, table: Table) -> tuple[int, str, DataType]:
    """Count on the wire, struct format and datatype."""
    wanted = address.type or ("bool" if table.bits or address.bit is not None else "uint16")
    if table.bits or address.bit is not None:
        if wanted != "bool":
            raise _TypeFault(f"a single bit has the type bool, not {wanted}.")
        if address.bit is not None and (table.bits or not 0 <= address.bit <= 15):
            raise _TypeFault("'bit' picks bit 0 to 15 of a holding or input register.", "bit")
        return 1, "", DataType.BOOLEAN
    if wanted == "bool":
        return 1, "", DataType.BOOLEAN
    if wanted in _FORMATS:
        form, datatype = _FORMATS[wanted]
        return struct.calcsize(form) // 2, form, datatype
    match = _STRING.fullmatch(wanted)
    if match is None or not 1 <= int(match[1]) <= 250:
        raise _TypeFault(
            f"'{wanted}' is no type here (known: {', '.join(TYPES)}; n is 1 to 250 bytes).",
            near=nearest(wanted, _FORMATS),
        )
    return (int(match[1]) + 1) // 2, "", DataType.STRING


def _finding(id_: str, what: str, where: str, key: str, near: str = "") -> Finding:
    return Finding(id=id_, what=what, where=where + pointer(key), nearest=near, hint="Compare the device's manual.")


def _to_bytes(words: Sequence[int]) -> bytes:
    return struct.pack(f">{len(words)}H", *words)


def _to_words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))


def _swapped(register: Register, words: Sequence[int]) -> list[int]:
    if register.byte_order is Order.BIG:
        return list(words)
    return [(word & 0xFF) << 8 | word >> 8 for word in words]


def _ordered(register: Register, words: Sequence[int]) -> list[int]:
    """Wire order to most significant first, and back: both swaps undo themselves."""
    swapped = _swapped(register, words)
    return swapped if register.word_order is Order.BIG else swapped[::-1]


def _string_words(register: Register, value: Value) -> list[int]:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    data = value.encode()
    if len(data) > register.count * 2:
        raise ValueError(f"{value!r} is longer than {register.count * 2} bytes")
    return _to_words(data.ljust(register.count * 2, b"\0"))


def _whole(raw: float) -> int:
    rounded = round(raw)
    if abs(raw - rounded) > 1e-6:
        raise ValueError(f"{raw} is not a whole number")
    return rounded
