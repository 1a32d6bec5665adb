"""What do the packets in `data/*.jsonl` mean? Each line holds bytes, who reads them, and the packet or reason code due.

id: the normative statement or the section of MQTT 5, or `V3.1.1 …`, `V3.1 …`. version null: CONNECT comes first.
canonical false: the bytes are valid, but not the shortest that say so. Bytes fields are UTF-8 text, or {"hex": …}.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import uns.mqtt
from uns.mqtt import ConnectWill, Decoder, ReasonCode, Side, Subscription

_BYTES = {"payload", "password", "correlation_data", "authentication_data"}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    case: str
    side: Side
    version: int | None
    hex: str
    packet: dict[str, Any] | None = None
    reason: str | None = None
    canonical: bool = True

    @property
    def wire(self) -> bytes:
        return bytes.fromhex(self.hex)

    @property
    def reason_code(self) -> ReasonCode:
        return ReasonCode(int(self.reason or "", 16))

    def decoder(self) -> Decoder:
        return Decoder(self.side, version=self.version)

    def expected(self) -> Any:
        fields = dict(self.packet or {})
        return getattr(uns.mqtt, fields.pop("type"))(**{name: _value(name, each) for name, each in fields.items()})


def _value(name: str, value: Any) -> Any:
    if name in _BYTES:
        return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()
    if name == "properties":
        return {key: _value(key, each) for key, each in value.items()}
    if name == "user_property":
        return [tuple(pair) for pair in value]
    if name == "will":
        return ConnectWill(**{key: _value(key, each) for key, each in value.items()})
    if name == "subscriptions":
        return [Subscription(**each) for each in value]
    return value


def by_file() -> Iterator[tuple[str, Case]]:
    """(name of its file, case) of every case."""
    for path in sorted((Path(__file__).parent / "data").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield path.name, msgspec.convert(json.loads(line), Case)


def load() -> list[Any]:
    """Every case as a pytest parameter, named file, id and case."""
    import pytest

    found = []
    for name, case in by_file():
        stem = name.removesuffix(".jsonl")
        found.append(pytest.param(case, id=f"{stem}-v{case.version}-{case.side.value}-{case.id}-{case.case}"))
    return found
