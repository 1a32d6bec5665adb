"""What can be set for a Modbus source, and what is wrong with it?"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from adapters.modbus.registers import Register, parse_register
from uns.adapter import Point, SourceConfig
from uns.errors import Finding
from uns.fields import Milliseconds, pointer, read_fields

DEFAULT_PORT = 502


class Options(msgspec.Struct, frozen=True):
    """Keys of the source file beside the platform's.

    unit_id: 0 to 255; poll: interval of the points that name none; timeout: of connecting and of one request;
    gap: registers between two points that are read along rather than asked for apart.
    """

    unit_id: int = 1
    poll: Milliseconds = Milliseconds(1000)
    timeout: Milliseconds = Milliseconds(3000)
    gap: int = 8


class Setup(msgspec.Struct, frozen=True):
    """A source file understood."""

    host: str
    port: int
    options: Options
    registers: Mapping[Point, Register]

    def poll_ms(self, register: Register) -> int:
        return int(register.poll or self.options.poll)


def read_setup(config: SourceConfig) -> tuple[Setup | None, list[Finding]]:
    """The configuration as a Setup; None and every finding when something is wrong."""
    options, findings = read_fields(Options, config.options)
    if options is not None:
        findings += _limits(options)
    host, port = _endpoint(config.endpoint, findings)
    registers: dict[Point, Register] = {}
    for point in config.points:
        register, wrong = parse_register(point.address, point.where())
        if register is not None:
            registers[point] = register
            wrong = _interval("poll", register.poll, point.where("poll"))
        findings += wrong
    if findings or options is None:
        return None, findings
    return Setup(host, port, options, registers), []


def _endpoint(endpoint: str, findings: list[Finding]) -> tuple[str, int]:
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORT
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    if parts.scheme not in ("tcp", "modbus") or not host:
        findings.append(
            Finding(
                id="source.bad_endpoint",
                what=f"'{endpoint}' is not the address of a Modbus TCP device.",
                where="/endpoint",
                hint="Write tcp://HOST:PORT, such as tcp://192.168.0.10:502.",
            )
        )
    return host, port


def _limits(options: Options) -> list[Finding]:
    findings = _interval("poll", options.poll, "/poll") + _interval("timeout", options.timeout, "/timeout")
    for key, value, last in (("unit_id", options.unit_id, 255), ("gap", options.gap, 120)):
        if not 0 <= value <= last:
            findings.append(
                Finding(
                    id="source.wrong_value",
                    what=f"'{key}' is {value}, not a whole number from 0 to {last}.",
                    where=pointer(key),
                    hint="Correct the value.",
                )
            )
    return findings


def _interval(key: str, value: Milliseconds | None, where: str) -> list[Finding]:
    if value is None or value >= 10:
        return []
    return [
        Finding(
            id="source.wrong_value",
            what=f"'{key}' is {value} ms; the shortest is 10 ms.",
            where=where,
            hint="Write a longer span, such as 1s.",
        )
    ]
