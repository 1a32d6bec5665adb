"""How are numbers read from a device that answers one line of text per question?

The device: `NAME` is answered with a number, or with `?` when it has no such thing; `NAME=NUMBER` with `ok` or `?`.
"""

import asyncio
import math
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from uns.adapter import Fatal, Point, Reading, Retriable, Sink, SourceConfig
from uns.adapter_faults import not_connected, write_refused
from uns.errors import Finding
from uns.fields import Milliseconds, pointer, read_fields
from uns.samples import DataType, Quality


class Options(msgspec.Struct, frozen=True):
    """Keys of the source file beside the platform's, with their defaults."""

    poll: Milliseconds = Milliseconds(1000)
    timeout: Milliseconds = Milliseconds(3000)


class Address(msgspec.Struct, frozen=True):
    """Keys of a point. ask: the name that the device knows it by; type: read by the platform."""

    ask: str
    type: str = ""


class TemplateAdapter:
    """Asks for every point, one after the other, at each poll."""

    def __init__(self, config: SourceConfig) -> None:
        self._config = config
        self._line: Line | None = None

    def check(self) -> list[Finding]:
        """Everything wrong, found without a connection: the platform shows it with file, line and column."""
        parts = urlsplit(self._config.endpoint)
        options, findings = read_fields(Options, self._config.options)
        if options is not None and options.poll < 10:
            findings.append(_finding("wrong_value", f"'poll' is {options.poll} ms.", pointer("poll"), "Write 1s."))
        if parts.scheme != "tcp" or not parts.hostname or not _has_port(self._config.endpoint):
            what = f"'{self._config.endpoint}' is not the address of a device."
            findings.append(_finding("bad_endpoint", what, "/endpoint", "Write tcp://HOST:PORT."))
        for point in self._config.points:
            findings += read_fields(Address, point.address, point.where())[1]
        return findings

    async def run(self, sink: Sink) -> None:
        """Connect, find out what exists, then poll. Trying again after a loss is the platform's."""
        options = read_fields(Options, self._config.options)[0] or Options()
        self._line = line = await open_line(self._config.endpoint, options.timeout / 1000)
        try:
            known = [point for point in self._config.points if await self._exists(line, point, sink)]
            sink.connected({point: point.datatype or DataType.DOUBLE for point in known})
            while True:
                sink.emit([await self._read(line, point) for point in known])
                await asyncio.sleep(options.poll / 1000)
        finally:
            self._line = None
            await line.close()

    async def write(self, point: Point, value: Any) -> None:
        """Leave this method out when the device cannot be written."""
        if self._line is None:
            raise Retriable(not_connected(self._config))
        if await self._line.ask(f"{point.address['ask']}={value}") != "ok":
            raise Fatal(write_refused(point, "ask", f"the device refuses {value!r}", "Write a number that it takes."))

    async def _exists(self, line: "Line", point: Point, sink: Sink) -> bool:
        if await line.ask(point.address["ask"]) != "?":
            return True
        what = f"the device has no '{point.address['ask']}'."
        sink.missing(point, _finding("point_unknown", what, point.where("ask"), "Correct the name."))
        return False

    async def _read(self, line: "Line", point: Point) -> Reading:
        try:
            value = float(await line.ask(point.address["ask"]))
        except ValueError:
            value = math.nan
        return Reading(point, value) if math.isfinite(value) else Reading(point, None, Quality.BAD)


class Line:
    """One connection: a question, an answer, one at a time. Every failure is Retriable, with its cause."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, endpoint: str, timeout_s: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()

    async def ask(self, question: str) -> str:
        try:
            async with self._turn, asyncio.timeout(self._timeout_s):
                self._writer.write(question.encode() + b"\n")
                answer = await self._reader.readline()
        except (OSError, TimeoutError) as error:
            raise Retriable(_unreachable(self._endpoint, str(error) or "no answer in time")) from error
        if not answer.endswith(b"\n"):
            raise Retriable(_unreachable(self._endpoint, "the connection was closed"))
        return answer.decode(errors="replace").strip()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def open_line(endpoint: str, timeout_s: float) -> Line:
    parts = urlsplit(endpoint)
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError) as error:
        raise Retriable(_unreachable(endpoint, str(error) or "no answer in time")) from error
    return Line(reader, writer, endpoint, timeout_s)


def _has_port(endpoint: str) -> bool:
    try:
        return urlsplit(endpoint).port is not None
    except ValueError:
        return False


def _unreachable(endpoint: str, why: str) -> Finding:
    return _finding("unreachable", f"no connection to {endpoint}: {why}.", "/endpoint", "Check that the device is on.")


def _finding(name: str, what: str, where: str, hint: str) -> Finding:
    return Finding(id=f"source.{name}", what=what, where=where, hint=hint)
