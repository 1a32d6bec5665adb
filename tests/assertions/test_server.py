"""The embedded broker as a Sparkplug compliant, and as a Sparkplug aware, MQTT server: over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.edge.remote import QUICK, Server, at
from tests.support.until import until_async
from uns.edge.mqtt import MqttOptions, MqttUplink
from uns.errors import Finding
from uns.host.certificates import BirthCertificates
from uns.link import Message, Will
from uns.server.clock import SystemClock
from uns.server.link import BrokerLink
from uns.sparkplug.decode import decode
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import Payload

BORN_MS = 1_600_000_000_000


class Client:
    """An MQTT client on a connection of its own. heard: what came, in order."""

    def __init__(self, server: Server, name: str, will: Will | None = None, version: int = 5) -> None:
        self.heard: list[Message] = []
        self.ready = False
        self._will = will or Will(f"gone/{name}", b"")
        self.uplink = MqttUplink([at(server.port)], MqttOptions(client_id=name, version=version), backoff=QUICK)
        self._filters: list[str] = []

    def begin(self) -> Will:
        return self._will

    def opened(self) -> None:
        self.ready = True

    def lost(self) -> None:
        self.ready = False

    def trouble(self, finding: Finding | None) -> None:
        assert finding is None, finding

    async def start(self, *topic_filters: str) -> "Client":
        self.uplink.start(self)
        await until_async(lambda: self.ready)
        for topic_filter in topic_filters:
            self.uplink.subscribe(topic_filter, self.heard.append)
        await self.settle()
        return self

    async def settle(self) -> None:
        """Wait until the server has taken what was sent."""
        done = asyncio.Event()
        self.uplink.sync(done.set)
        await done.wait()

    async def stop(self) -> None:
        self.uplink.close()
        await self.uplink.closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server(SystemClock())
    made.broker.sessions.wills._dates_deaths = True
    await made.start()
    certificates = BirthCertificates(BrokerLink(made.broker, "certificates"))
    certificates.start()
    yield made
    certificates.stop()
    await made.listener.stop()


@pytest.mark.assertion("conformance-mqtt-qos0", "conformance-mqtt-qos1", "conformance-mqtt-aware-basic")
async def test_qos_0_and_1_are_published_and_delivered(server: Server):
    reader, writer = await Client(server, "reader").start("a/#"), await Client(server, "writer").start()
    for qos in (0, 1):
        writer.uplink.publish(Message(f"a/{qos}", b"x", qos=qos))
    await until_async(lambda: len(reader.heard) == 2)
    assert [(message.topic, message.qos) for message in reader.heard] == [("a/0", 0), ("a/1", 1)]
    await reader.stop()
    await writer.stop()


@pytest.mark.assertion("conformance-mqtt-retained")
async def test_retained_messages_are_kept_replaced_and_cleared(server: Server):
    writer = await Client(server, "writer").start()
    for topic, payload in (("a/1", b"old"), ("a/1", b"new"), ("a/2", b"gone"), ("a/2", b"")):
        writer.uplink.publish(Message(topic, payload, retain=True))
    await writer.settle()
    reader = await Client(server, "reader").start("a/#")
    await until_async(lambda: reader.heard)
    assert [(message.topic, message.payload, message.retain) for message in reader.heard] == [("a/1", b"new", True)]
    await reader.stop()
    await writer.stop()


@pytest.mark.assertion("conformance-mqtt-will-messages")
@pytest.mark.parametrize("retain", [True, False])
async def test_wills_are_published_at_qos_1_and_retained_if_they_say_so(server: Server, retain: bool):
    reader = await Client(server, "reader").start("will/#")
    dying = await Client(server, "dying", Will("will/x", b"dead", qos=1, retain=retain)).start()
    await dying.stop()  # DISCONNECT with will
    await until_async(lambda: reader.heard)
    assert [(message.payload, message.qos) for message in reader.heard] == [(b"dead", 1)]
    late = await Client(server, "late").start("will/#")
    await late.settle()
    assert [message.payload for message in late.heard] == ([b"dead"] if retain else [])
    await reader.stop()
    await late.stop()


@pytest.mark.assertion(
    "conformance-mqtt-aware-store",
    "conformance-mqtt-aware-nbirth-mqtt-topic",
    "conformance-mqtt-aware-nbirth-mqtt-retain",
    "conformance-mqtt-aware-dbirth-mqtt-topic",
    "conformance-mqtt-aware-dbirth-mqtt-retain",
)
async def test_births_are_found_on_the_certificates_byte_for_byte(server: Server):
    edge = await Client(server, "edge").start()
    births = {
        "spBv1.0/g/NBIRTH/n": encode(Payload(BORN_MS, [], 0)),
        "spBv1.0/g/DBIRTH/n/d": encode(Payload(BORN_MS, [], 1)),
    }
    for topic, payload in births.items():
        edge.uplink.publish(Message(topic, payload))
    await edge.settle()
    late = await Client(server, "late").start("$sparkplug/certificates/#")
    await until_async(lambda: len(late.heard) == 2)
    found = {message.topic: (message.payload, message.retain) for message in late.heard}
    assert found == {f"$sparkplug/certificates/{topic}": (payload, True) for topic, payload in births.items()}
    everything = await Client(server, "everything").start("#")
    await everything.settle()
    assert not any(message.topic.startswith("$") for message in everything.heard)
    for client in (edge, late, everything):
        await client.stop()


@pytest.mark.assertion("conformance-mqtt-aware-ndeath-timestamp")
async def test_a_death_tells_the_time_of_its_delivery(server: Server):
    reader = await Client(server, "reader").start("spBv1.0/#")
    before_ms = server.clock.wall_ms()
    edge = await Client(server, "edge", Will("spBv1.0/g/NDEATH/n", encode(Payload(BORN_MS)), qos=1)).start()
    await edge.stop()
    await until_async(lambda: any("/NDEATH/" in message.topic for message in reader.heard))
    death = next(message for message in reader.heard if "/NDEATH/" in message.topic)
    payload, _ = decode(death.payload)
    assert payload is not None
    assert payload.timestamp_ms is not None
    assert before_ms <= payload.timestamp_ms <= server.clock.wall_ms()
    await reader.stop()
