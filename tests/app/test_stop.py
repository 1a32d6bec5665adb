"""What MQTT clients hear when the server stops: first the deaths, then the goodbye."""

import json
import socket

from tests.support.running import RunningServer
from tests.support.until import until
from uns.mqtt import Connect, Decoder, Disconnect, Publish, ReasonCode, Side, Subscribe, Subscription, encode
from uns.sparkplug.topic import parse_topic


def test_clients_hear_the_deaths_before_the_goodbye(tmp_path):
    server = RunningServer(["demo"], tmp_path)
    until(lambda: _states(server) == {"running"}, "every source runs", 30)
    with socket.create_connection(("127.0.0.1", server.mqtt_port), timeout=20) as peer:
        peer.sendall(encode(Connect("watcher", 5, True, 0, None, None, None, None), 5))
        peer.sendall(encode(Subscribe(1, [Subscription("spBv1.0/#", 0)], None), 5))
        peer.recv(1)
        server.stop()
        decoder = Decoder(Side.CLIENT, version=5)
        heard = decoder.receive(b"\x20")
        while data := peer.recv(65_536):
            heard += decoder.receive(data)
    topics = [packet.topic for packet in heard if isinstance(packet, Publish)]
    deaths = [
        topic for topic in topics if not topic.startswith("spBv1.0/STATE") and parse_topic(topic).type == "NDEATH"
    ]
    assert {parse_topic(topic).node for topic in deaths} == {"line1", "line2", "energy"}
    states = [json.loads(p.payload)["online"] for p in heard if isinstance(p, Publish) and "/STATE/" in p.topic]
    assert states[-1] is False
    assert isinstance(heard[-1], Disconnect)
    assert heard[-1].reason_code == ReasonCode.SERVER_SHUTTING_DOWN


def _states(server: RunningServer) -> set[str]:
    return {source["state"] for source in server.get("/api/v1/sources")["sources"]}
