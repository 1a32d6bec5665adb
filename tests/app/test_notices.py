"""Does the log of a running server say which client ran into which limit, once however often it tries?"""

import socket

from tests.support.running import RunningServer
from tests.support.until import until
from uns.mqtt import Connack, Connect, Decoder, Side, encode

ATTEMPTS = 20
ELSEWHERE = "127.0.0.9"
"""An address that no other test comes from."""


def test_a_stranger_who_keeps_trying_makes_one_line(server: RunningServer) -> None:
    for _ in range(ATTEMPTS):
        with socket.create_connection(("127.0.0.1", server.mqtt_port), 5, source_address=(ELSEWHERE, 0)) as stranger:
            stranger.sendall(encode(Connect("stranger\u2028x", 5), 5))
            (connack,) = Decoder(Side.CLIENT, version=5).receive(stranger.recv(4096))
            assert isinstance(connack, Connack)
            assert connack.reason_code >= 0x80
    lines = until(lambda: [line for line in server.log.splitlines() if ELSEWHERE in line], "the log tells of it")
    assert len(lines) == 1, lines
    assert "its connection is refused" in lines[0]
