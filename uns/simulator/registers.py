"""How a value lies in Modbus registers: table, address, type, byte order, word order, scale."""

import struct
from enum import StrEnum
from typing import Literal

import msgspec

from uns.simulator.process.physics import Value


class Table(StrEnum):
    """The four tables of the Modbus data model (MODBUS Application Protocol 1.1b3, section 4.3)."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE)


Type = Literal["bool", "int16", "uint16", "uint32", "float32", "int64", "uint64"]
Order = Literal["big", "little"]
_FORMATS = {"int16": "h", "uint16": "H", "uint32": "I", "float32": "f", "int64": "q", "uint64": "Q"}


class Register(msgspec.Struct, frozen=True):
    """One tag in a table. byte_order: within a register; word_order: of the registers; value = raw * scale."""

    tag: str
    table: Table
    address: int
    type: Type = "bool"
    byte_order: Order = "big"
    word_order: Order = "big"
    scale: float = 1.0

    @property
    def count(self) -> int:
        """Registers (or bits) it takes."""
        return 1 if self.type == "bool" else struct.calcsize(f">{_FORMATS[self.type]}") // 2

    @property
    def addresses(self) -> range:
        return range(self.address, self.address + self.count)

    def encode(self, value: Value) -> list[int]:
        """The register words; raises struct.error when the value does not fit."""
        assert not isinstance(value, str)
        if self.type == "float32":
            raw: int | float = value
        else:  # a counter of 64 bits must not pass through a float
            raw = int(value) if self.scale == 1.0 else round(value / self.scale)
        packed = struct.pack(f">{_FORMATS[self.type]}", raw)
        words = [int.from_bytes(packed[at : at + 2], self.byte_order) for at in range(0, len(packed), 2)]
        return words if self.word_order == "big" else words[::-1]

    def decode(self, words: list[int]) -> float:
        """The value in register words."""
        ordered = words if self.word_order == "big" else words[::-1]
        packed = b"".join(word.to_bytes(2, self.byte_order) for word in ordered)
        raw: int | float = struct.unpack(f">{_FORMATS[self.type]}", packed)[0]
        return raw if self.scale == 1.0 else raw * self.scale
