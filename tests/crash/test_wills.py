"""Killed with SIGKILL: whose client does not come back is told of by its will, whose client does is not."""

from collections.abc import Iterator

import pytest

from tests.crash.crashes import PLANT
from tests.interop.paho import PahoClient
from tests.support.running import RunningServer
from tests.support.until import until

GRACE_S = 4
ENVIRON = {"UNS_MQTT_WILL_GRACE_S": str(GRACE_S)}


@pytest.fixture
def clients() -> Iterator[list[PahoClient]]:
    made: list[PahoClient] = []
    yield made
    for client in made:
        client.disconnect()


def comes(clients: list[PahoClient], server: RunningServer, name: str, *, will: bool = True, **options) -> PahoClient:
    client = PahoClient(name, options.pop("version", 4), "", "", **options)
    clients.append(client)
    if will:
        client.raw.will_set(f"crash/death/{name}", f"{name} is lost", qos=1, retain=True)
    client.connect(server.mqtt_port)
    assert client.connack is not None
    assert client.connack.value == 0
    return client


def test_wills_outlive_a_kill(tmp_path, clients: list[PahoClient]) -> None:
    server = RunningServer(["serve", str(PLANT)], tmp_path, ENVIRON)
    comes(clients, server, "clean")
    comes(clients, server, "kept", version=5, clean=False, expiry_s=600)
    returning = comes(clients, server, "returning")
    comes(clients, server, "leaving").disconnect()
    assert returning.publish("crash/alive", "yes", 1, retain=True).code == 0  # and what came before it is on disk
    server.process.kill()
    server.process.wait()
    for client in clients:
        client.raw.loop_stop()
    server = RunningServer(["serve", str(PLANT)], tmp_path, ENVIRON)
    try:
        comes(clients, server, "returning")
        ear = comes(clients, server, "ear", will=False)
        ear.subscribe("crash/death/#", 1)
        until(lambda: len(ear.messages) == 2, "the wills of those who stay away", GRACE_S + 10)
        comes(clients, server, "late", will=False).subscribe("crash/death/#", 1)
        assert sorted(message.topic for message in ear.messages) == ["crash/death/clean", "crash/death/kept"]
        late = clients[-1]
        until(lambda: len(late.messages) == 2, "they are retained, and no other is")
    finally:
        server.process.kill()
        server.process.wait()
