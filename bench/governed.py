"""Is every message judged? Publish what breaks each kind of rule and see it refused, in the run that is measured."""

import socket

from bench.scenario import NotGoverned
from bench.wire import TIMEOUT_S
from uns.mqtt import Connack, Connect, Decoder, Puback, Publish, ReasonCode, Side, encode

BAD = {
    "contract": (
        "acme/ghent/press/line1/cell0/temp0",
        b'{"value":999,"timestamp":"2026-11-22T12:00:00Z"}',
        ReasonCode.PAYLOAD_FORMAT_INVALID,
    ),
    "hierarchy": ("acme/ghent/press/line1/cell0/undeclared", b'{"value":1}', ReasonCode.TOPIC_NAME_INVALID),
    "access": ("elsewhere/line1", b"1", ReasonCode.NOT_AUTHORIZED),
}


def prove_governed(port: int) -> None:
    """Raises NotGoverned when the broker takes a message that contract, hierarchy or access forbid."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as peer:
        decoder = Decoder(Side.CLIENT, version=5)
        peer.sendall(encode(Connect("bench-prove-governed", 5), 5))
        answer = _next(peer, decoder)
        if not isinstance(answer, Connack) or answer.reason_code:
            raise NotGoverned(f"the client that tests the rules was answered by {answer}")
        for rule, (topic, payload, reason_code) in BAD.items():
            peer.sendall(encode(Publish(topic, payload, 1, packet_id=1), 5))
            answer = _next(peer, decoder)
            if not isinstance(answer, Puback) or answer.reason_code != reason_code:
                raise NotGoverned(f"a message that breaks the {rule} on '{topic}' was answered by {answer}")


def _next(peer: socket.socket, decoder: Decoder) -> object:
    while data := peer.recv(65_536):
        packets = decoder.receive(data)
        if packets:
            return packets[0]
    raise NotGoverned("the broker closed the connection of the client that tests the rules")
