"""A full disk is survived: what must be kept is refused with its reason, the rest goes on, and it recovers by itself.

The limit on file size (RLIMIT_FSIZE) of the running server is lowered from outside, so that the real SQLite gets a real
error from the real operating system, and is raised again.
"""

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.crash.crashes import PLANT
from tests.support.running import RunningServer
from tests.support.until import until
from uns.mqtt import Connack, Connect, Decoder, Puback, Publish, Side, encode

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux")


class Client:
    """A client of MQTT 5 that publishes at QoS 1 and reads the answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._decoder = Decoder(Side.CLIENT, version=5)
        self._socket.sendall(encode(Connect("tester", 5, True, 0, None, None, None, None), 5))
        assert isinstance(self._read(), Connack)

    def publish(self, topic: str, *, retain: bool) -> Puback:
        self._socket.sendall(encode(Publish(topic, b"x" * 100, 1, retain, packet_id=1), 5))
        answer = self._read()
        assert isinstance(answer, Puback)
        return answer

    def close(self) -> None:
        self._socket.close()

    def _read(self):
        while True:
            data = self._socket.recv(65_536)
            assert data, "the broker closed the connection"
            packets = self._decoder.receive(data)
            if packets:
                return packets[0]


@pytest.fixture
def server(tmp_path) -> Iterator[RunningServer]:
    server = RunningServer(["serve", str(PLANT)], tmp_path)
    yield server
    server.process.kill()
    server.process.wait()


def limit_files(server: RunningServer, size: int) -> None:
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_is_survived(server: RunningServer) -> None:
    with closing(Client(server.mqtt_port)) as client:
        fill_and_free(server, client)


def fill_and_free(server: RunningServer, client: Client) -> None:
    assert client.publish("crash/kept", retain=True).reason_code == 0
    limit_files(server, (server.data / "broker.db-wal").stat().st_size)

    refused = client.publish("crash/kept", retain=True)
    assert refused.reason_code == 0x97
    assert "storage.write_failed" in refused.properties["reason_string"]
    assert client.publish("crash/passing", retain=False).reason_code == 0
    assert "broker.db cannot be written" in server.log
    until(lambda: not server.ready(), "/readyz tells that the disk is full")

    limit_files(server, resource.RLIM_INFINITY)
    until(lambda: client.publish("crash/kept", retain=True).reason_code == 0, "it recovers by itself")
    assert server.ready()
