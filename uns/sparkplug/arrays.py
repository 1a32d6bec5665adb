"""How does an array of numbers, Booleans or strings become bytes? (Sparkplug B 3.0, section 6.4.16)

Numbers are packed little-endian. Booleans follow a 4-byte count, most significant bit first. Strings end with NUL.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

Pack = Callable[[Sequence[Any]], bytes]
Unpack = Callable[[bytes], list[Any]]


def numbers(code: str) -> tuple[Pack, Unpack]:
    """Packer and unpacker for one `struct` code; both raise ValueError for what does not fit."""
    size = struct.calcsize(code)

    def pack(values: Sequence[Any]) -> bytes:
        try:
            return struct.pack(f"<{len(values)}{code}", *values)
        except (struct.error, OverflowError) as error:
            raise ValueError(str(error)) from error

    def unpack(data: bytes) -> list[Any]:
        if len(data) % size:
            raise ValueError(f"{len(data)} bytes are no multiple of {size}")
        return list(struct.unpack(f"<{len(data) // size}{code}", data))

    return pack, unpack


def pack_booleans(values: Sequence[Any]) -> bytes:
    if any(type(value) is not bool for value in values):
        raise ValueError("every element must be a Boolean")
    bits = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        if value:
            bits[index // 8] |= 0x80 >> index % 8
    return len(values).to_bytes(4, "little") + bits


def unpack_booleans(data: bytes) -> list[Any]:
    count, bits = int.from_bytes(data[:4], "little"), data[4:]
    if len(data) < 4 or len(bits) < (count + 7) // 8:
        raise ValueError(f"{len(data)} bytes cannot hold the count and {count} bits")
    return [bool(bits[index // 8] & 0x80 >> index % 8) for index in range(count)]


def pack_strings(values: Sequence[Any]) -> bytes:
    if any(type(value) is not str or "\0" in value for value in values):
        raise ValueError("every element must be a string without NUL")
    return b"".join(value.encode() + b"\0" for value in values)


def unpack_strings(data: bytes) -> list[Any]:
    if data and not data.endswith(b"\0"):
        raise ValueError("the last string does not end with NUL")
    return [part.decode() for part in data.split(b"\0")[:-1]]
