"""One life of an edge node over MQTT, captured packet by packet: two sessions, data, a rebirth, deaths."""

import asyncio
from pathlib import Path

import msgspec

from tests.assertions.capture import Capture, Sent
from tests.edge.remote import DEVICE, GROUP, NODE, Edge, Server, at
from tests.support.until import until_async
from uns.adapter import Point
from uns.samples import DataType, Quality, Sample
from uns.server.clock import SystemClock
from uns.sparkplug.topic import state_topic

OTHER = "capper"
HOST = "scada"


class Story(msgspec.Struct):
    """capture: what the edge node sent. first, second: its messages in each session; rebirth: those of the first from
    the birth that a host asked for, on. host: what the server saw of the values at the end."""

    version: int
    capture: Capture
    first: list[Sent]
    second: list[Sent]
    rebirth: list[Sent]

    def of(self, *kinds: str) -> list[Sent]:
        return self.capture.sent(*kinds)


def live(work: Path, version: int) -> Story:
    return asyncio.run(_live(work, version))


async def _live(work: Path, version: int) -> Story:
    clock = SystemClock()
    server = await Server(clock).start()
    capture = Capture(server.port, clock.wall_ms)
    await capture.start()
    server.ear.publish(state_topic(HOST), b'{"online":true,"timestamp":5}', retain=True)
    first = await _session(server, capture, work, version, long=True)
    until = len(capture.packets)
    await _session(server, capture, work, version, long=False, bd_seq=first)
    await capture.stop()
    await server.listener.stop()
    sent = capture.sent()
    births = [each for each in sent if each.kind.value == "NBIRTH"]
    return Story(
        version,
        capture,
        [each for each in sent if each.at < until],
        [each for each in sent if each.at >= until],
        [each for each in sent if births[1].at <= each.at < until],
    )


async def _session(server: Server, capture: Capture, work: Path, version: int, *, long: bool, bd_seq: int = 0) -> int:
    """One CONNECT to a goodbye; the bdSeq of the next one."""
    edge = Edge(work, [at(capture.port)], version=version, primary_host=HOST)
    edge.bd_seq.bd_seq = bd_seq
    edge.link._edge._next_bd_seq = bd_seq
    other = Point(OTHER, "torque", {})
    await edge.start()
    edge.link.declare({edge.point: DataType.INT64, other: DataType.DOUBLE})
    edge.link.join()
    await until_async(lambda: server.client() is not None)
    if long:
        edge.tell(300)  # beyond the end of seq
        edge.link.data([(other, Sample(1.5, Quality.BAD, edge.clock.wall_ms()))])
        await until_async(lambda: 300 in server.values("count"))
        server.host.request_rebirth(GROUP, NODE)
        await until_async(lambda: server.kinds.count("NBIRTH") == 2)
        edge.tell(3)
        edge.link.leave(except_for=[DEVICE])
        edge.link.join()
    await until_async(lambda: edge.forward.status().unconfirmed == 0)
    await edge.stop()
    await until_async(lambda: server.client() is None)
    return edge.bd_seq.bd_seq
