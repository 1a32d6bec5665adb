"""Every way into the broker of a running server, as something that offers one message."""

import itertools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
from websockets.sync.client import connect

from tests.attacks.wire import Wire, opened
from tests.support.running import RunningServer
from uns.link import Properties
from uns.mqtt import Connack, Connect, ConnectWill, Decoder, Puback, Publish, Pubrec, Pubrel, Side, encode
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.edge import EdgeNode


class Case(NamedTuple):
    """A message that breaks the rule `finding`, with this outcome. value: what a sender of samples says, if it can."""

    topic: str
    payload: bytes
    finding: str
    outcome: str
    value: Any
    properties: Properties | None

    @property
    def delivered(self) -> bool:
        return self.outcome in ("observed", "warned")


Told = int | str | None
"""What the publisher was told: a reason code, the id of a finding, or nothing."""


class Ingress(NamedTuple):
    """offer: publish one message and wait until it was judged. client_id: whom the violations name.

    takes: can it say this at all?
    """

    client_id: str
    offer: Callable[[Case], Told]
    close: Callable[[], None] = lambda: None
    takes: Callable[[Case], bool] = lambda case: True


def has_no_properties(case: Case) -> bool:
    return case.properties is None


def is_plain_text(case: Case) -> bool:
    """No properties, and a payload that JSON can hold as a text."""
    return case.properties is None and "\ufffd" not in case.payload.decode(errors="replace")


def over_tcp(server: RunningServer, version: int, qos: int) -> Ingress:
    client_id = f"tcp-{version}-{qos}"
    wire = opened(server.mqtt_port, client_id, version)
    ids = itertools.count(1)

    def offer(case: Case) -> Told:
        packet_id = next(ids) if qos else 0
        wire.send(Publish(case.topic, case.payload, qos, packet_id=packet_id, properties=case.properties))
        if not qos:
            wire.ping()
            return None
        answer = wire.next()
        assert isinstance(answer, Puback | Pubrec), answer
        if isinstance(answer, Pubrec) and answer.reason_code < 0x80:
            wire.send(Pubrel(packet_id))
            wire.next()
        return answer.reason_code

    return Ingress(client_id, offer, wire.close, has_no_properties if version < 5 else lambda case: True)


def over_websocket(server: RunningServer) -> Ingress:
    socket = connect(server.base_url.replace("http", "ws") + "/mqtt", subprotocols=["mqtt"], compression=None)  # type: ignore[list-item]
    decoder = Decoder(Side.CLIENT, version=5)
    packets: list[Any] = []
    ids = itertools.count(1)

    def following() -> Any:
        while not packets:
            packets.extend(decoder.receive(socket.recv(10)))
        return packets.pop(0)

    socket.send(encode(Connect("websocket", 5), 5))
    assert following().reason_code == 0

    def offer(case: Case) -> Told:
        socket.send(encode(Publish(case.topic, case.payload, 1, packet_id=next(ids), properties=case.properties), 5))
        code: int = following().reason_code
        return code

    return Ingress("websocket", offer, socket.close)


def by_will(server: RunningServer) -> Ingress:
    """Refused at CONNECT where the branch refuses; published when its client is lost where the branch lets it."""

    def offer(case: Case) -> Told:
        with Wire(server.mqtt_port, 5) as wire:
            wire.send(Connect("will", 5, will=ConnectWill(case.topic, case.payload, 1, properties=case.properties)))
            answer = wire.next()
            assert isinstance(answer, Connack)
            if answer.reason_code:
                return answer.reason_code
        wait_until_left(server, "will")
        return None

    return Ingress("will", offer)


def wait_until_left(server: RunningServer, client_id: str) -> None:
    until_s = time.monotonic() + 10
    while any(each["client_id"] == client_id for each in server.get("/api/v1/clients")["clients"]):
        assert time.monotonic() < until_s, f"{client_id} is still there"


def by_rest(server: RunningServer) -> Ingress:
    http = httpx.Client(base_url=server.base_url)

    def offer(case: Case) -> Told:
        body = {"topic": case.topic, "payload_text": case.payload.decode(), "qos": 1, "retain": False}
        answer = http.post("/api/v1/publish", json=body).json()
        finding = answer.get("error") or answer["finding"]
        return None if finding is None else str(finding["id"])

    return Ingress("http:anonymous", offer, http.close, is_plain_text)


def by_sparkplug(server: RunningServer) -> Ingress:
    """An edge node of its own for each value; the host's projection is who publishes, and nobody can be told."""
    sequence = itertools.count(1)

    def offer(case: Case) -> Told:
        _, branch, device, name = case.topic.split("/", 3)
        kind = DataType.STRING if isinstance(case.value, str) else DataType.DOUBLE
        now_ms = time.time_ns() // 1_000_000
        node = EdgeNode("acme", branch, bd_seq=next(sequence), on_finding=lambda finding: None)
        node.declare(device, name, kind)
        node.join(device, now_ms)
        node.data(device, [(name, Sample(case.value, Quality.GOOD, now_ms))], now_ms)
        will = node.will(now_ms)
        with Wire(server.mqtt_port, 5) as wire:
            wire.connect(f"edge-{branch}", will=ConnectWill(will.topic, will.payload, 1))
            messages = node.births(now_ms)
            data = node.data(device, [(name, Sample(case.value, Quality.GOOD, now_ms + 1))], now_ms + 1)
            for message in (*messages, *filter(None, [data])):
                wire.send(Publish(message.topic, message.payload))
            wire.ping()
        wait_until_left(server, f"edge-{branch}")
        return None

    return Ingress("sparkplug-host", offer, takes=lambda case: case.value is not None)
