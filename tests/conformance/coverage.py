"""Which cases show a statement, and in which file do they stand?

Both kinds count: the plays in `cases/`, and the packets in `tests/mqtt/data/`, each of which names one statement of
MQTT 5, or of 3.1.1 with `V3.1.1` before it. What runs in 3.1.1 and names a statement of MQTT 5 counts for the
statements of 3.1.1 that say the same. That a client refuses a packet shows nothing about a server.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.conformance.cases import CASES
from tests.conformance.statements import STATEMENTS, Standard
from tests.mqtt import cases as packets
from uns.mqtt import Side

Shown = dict[str, Counter[str]]
"""By number of a statement: how many cases in which file."""

_NUMBER = re.compile(r"(V3\.1\.1 )?(\d[\d.-]*-\d+)")
_LEVELS = {4, 5}


def named() -> Iterator[tuple[Standard, str, set[int], str]]:
    """(standard, number, protocol levels it runs in, file) of each naming of a statement by a case."""
    for file, cases in CASES.items():
        for case in cases:
            for number in case.mqtt5:
                yield Standard.MQTT_5, number, set(case.versions), f"cases/{file}"
            for number in case.mqtt311:
                yield Standard.MQTT_311, number, set(case.versions), f"cases/{file}"
    for file, packet in packets.by_file():
        match = _NUMBER.fullmatch(packet.id)
        if match and not (packet.side is Side.CLIENT and packet.packet is None):
            standard = Standard.MQTT_311 if match[1] else Standard.MQTT_5
            yield standard, match[2], _levels(packet), f"mqtt/data/{file}"


def shown() -> dict[Standard, Shown]:
    """The cases of every statement that has any."""
    same: dict[str, list[str]] = defaultdict(list)
    for number, statement in STATEMENTS[Standard.MQTT_311].items():
        for other in statement.mqtt5:
            same[other].append(number)
    found: dict[Standard, Shown] = {standard: defaultdict(Counter) for standard in Standard}
    for standard, number, levels, file in named():
        if standard.level in levels:
            found[standard][number][file] += 1
        if standard is Standard.MQTT_5 and Standard.MQTT_311.level in levels:
            for other in same[number]:
                found[Standard.MQTT_311][other][file] += 1
    return found


def _levels(packet: packets.Case) -> set[int]:
    """A CONNECT says its level itself; a level that is not served, and what comes before CONNECT, belong to all."""
    if packet.version is not None:
        return {packet.version}
    body = packet.wire[2:]
    level = body[2 + int.from_bytes(body[:2], "big") :][:1]
    if packet.wire[0] >> 4 == 1 and level and level[0] in {3, *_LEVELS}:
        return {level[0]}
    return _LEVELS
