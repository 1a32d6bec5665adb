"""Clients that nobody here wrote, and what the server knows about a topic, to wait for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Users
from tests.interop.mosquitto import Mosquitto
from tests.interop.paho import PahoClient
from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until


@pytest.fixture
def mosquitto(server: RunningServer, users: Users) -> Mosquitto:
    """Logged in as ada, the operator."""
    return Mosquitto(server.mqtt_port, "ada", users.passwords["ada"])


@pytest.fixture
def topic(server: RunningServer, users: Users) -> Callable[[str], dict[str, Any] | None]:
    """What the server tells about a topic; None for one it does not know."""
    env = server.env | users.env("ada")

    def ask(name: str) -> dict[str, Any] | None:
        result = uns("get", name, env=env)
        return result.json if result.code == 0 else None

    return ask


@pytest.fixture
def subscribed(topic: Callable[[str], dict[str, Any] | None]) -> Callable[[str], None]:
    """Wait until somebody subscribes to a topic; it must be declared or have been published."""

    def wait(name: str) -> None:
        until(lambda: (topic(name) or {}).get("subscribers"), f"somebody subscribes to {name}")

    return wait


@pytest.fixture
def paho(server: RunningServer, users: Users) -> Iterator[Callable[..., PahoClient]]:
    """Makes connected paho clients: `paho("id", version=5, user="ada")`; all are disconnected at the end."""
    clients: list[PahoClient] = []

    def connect(client_id: str, *, version: int = 5, user: str = "ada", **options: Any) -> PahoClient:
        client = PahoClient(client_id, version, user, users.passwords[user], **options)
        clients.append(client)
        return client.connect(server.mqtt_port)

    yield connect
    for client in clients:
        client.disconnect()
