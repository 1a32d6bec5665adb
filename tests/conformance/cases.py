"""What do the files in `cases/` say? Each holds plays: what clients send a broker, and what must come back.

A case names the statements it shows (`mqtt5`, `mqtt311`), the protocol levels it runs in (4 is 3.1.1), and limits of
the broker that differ from the default. A line of its play is one of

    a connects {FIELDS}          CONNECT, and a CONNACK that accepts; client id `a` unless given
    a subscribes FILTER {FIELDS} SUBSCRIBE, and a SUBACK that grants it
    a leaves {FIELDS}            DISCONNECT, and the close
    a > PACKET {FIELDS}          the client sends a packet
    a > raw 82 * 0001 "x" 00     it sends bytes: hex, * the remaining length, "…" a string with its
                                 length before it, | between packets
    a < PACKET {FIELDS}          this packet comes next; what is not named may be anything, null is absent
    a < nothing                  all that came has been told
    a < closed                   the broker closed the connection, and nothing else came
    a lost                       the network of the client breaks
    clock + 90 s                 time passes (or ms)
    differ p q                   two names stand for two values

Properties stand among the fields. A packet id or client id `=p` is given a name where it comes and used where it is
sent. In 3.1.1 properties are left out, and what is a DISCONNECT in MQTT 5 is the close alone. At the end of a play
every client has been told all that came, and is connected unless the play closed it.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

HERE = Path(__file__).parent
_LINE = re.compile(
    r"(?P<peer>\w+) (?P<verb>connects|subscribes|leaves|lost|>|<)(?: (?P<what>[^{\s]+))?(?: (?P<fields>\{.*\}))?"
)
_RAW = re.compile(r"(?P<peer>\w+) > raw (?P<bytes>.+)")
_CLOCK = re.compile(r"clock \+ (?P<count>\d+) (?P<unit>s|ms)")
_DIFFER = re.compile(r"differ (?P<one>\w+) (?P<other>\w+)")


class Step(msgspec.Struct, frozen=True):
    """One line. verb: of the grammar above, or `raw`, `clock`, `differ`."""

    line: str
    verb: str
    peer: str = ""
    what: str = ""
    fields: dict[str, Any] = {}


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    case: str
    mqtt5: list[str] = []
    mqtt311: list[str] = []
    versions: tuple[int, ...] = (4, 5)
    limits: dict[str, int] = {}
    play: str

    @property
    def steps(self) -> list[Step]:
        return [parse(line) for line in self.play.splitlines()]


def parse(line: str) -> Step:
    """ValueError when it is no line of a play."""
    if match := _RAW.fullmatch(line):
        return Step(line, "raw", match["peer"], match["bytes"])
    if match := _CLOCK.fullmatch(line):
        return Step(line, "clock", fields={"ms": int(match["count"]) * (1000 if match["unit"] == "s" else 1)})
    if match := _DIFFER.fullmatch(line):
        return Step(line, "differ", fields={"one": match["one"], "other": match["other"]})
    if match := _LINE.fullmatch(line):
        fields = yaml.safe_load(match["fields"]) if match["fields"] else {}
        return Step(line, match["verb"], match["peer"], match["what"] or "", fields)
    raise ValueError(f"no line of a play: {line!r}")


def raw_bytes(text: str) -> bytes:
    """The bytes of a `raw` line: packets with `|` between them."""
    return b"".join(_raw_packet(packet) for packet in text.split(" | "))


def _raw_packet(text: str) -> bytes:
    """`*` is the remaining length of what follows it."""
    parts: list[bytes | None] = []
    for token in re.findall(r'"[^"]*"|\S+', text):
        if token == "*":
            parts.append(None)
        elif token.startswith('"'):
            string = token[1:-1].encode()
            parts.append(len(string).to_bytes(2, "big") + string)
        else:
            parts.append(bytes.fromhex(token))
    if None not in parts:
        return b"".join(part for part in parts if part is not None)
    place = parts.index(None)
    head, body = (b"".join(part for part in half if part is not None) for half in (parts[:place], parts[place + 1 :]))
    length, rest = b"", len(body)
    while True:
        rest, low = divmod(rest, 128)
        length += bytes((low | 0x80 if rest else low,))
        if not rest:
            return head + length + body


def load() -> dict[str, list[Case]]:
    """The cases by the name of their file."""
    return {
        path.name: msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), list[Case])
        for path in sorted((HERE / "cases").glob("*.yaml"))
    }


CASES = load()
