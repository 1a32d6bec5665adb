"""Where does the server listen, and with which certificates?"""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec

from uns.app.health import stop_task
from uns.app.plant import Plant
from uns.errors import Finding, UnsError
from uns.server.mqtt import MqttListener
from uns.server.renewal import Served, follow
from uns.server.websocket import PATH


class Addresses(msgspec.Struct, frozen=True):
    """Where the running server listens. A port is None when nothing listens there."""

    mqtt_host: str
    mqtt_port: int | None
    http_host: str
    http_port: int | None
    mqtt_tls_port: int | None = None
    http_tls_port: int | None = None

    @property
    def mqtt(self) -> str:
        """For people: `127.0.0.1:1883, TLS 127.0.0.1:8883`."""
        plain = "" if self.mqtt_port is None else f"{self.mqtt_host}:{self.mqtt_port}"
        tls = "" if self.mqtt_tls_port is None else f"TLS {self.mqtt_host}:{self.mqtt_tls_port}"
        return ", ".join(filter(None, (plain, tls))) or f"ws{self.page.removeprefix('http')}{PATH}"

    @property
    def page(self) -> str:
        """Of page and API; with TLS when that is the only way."""
        return self.pages[0]

    @property
    def pages(self) -> list[str]:
        host = "127.0.0.1" if self.http_host in ("0.0.0.0", "::") else self.http_host
        ports = {"http": self.http_port, "https": self.http_tls_port}
        return [f"{scheme}://{host}:{port}" for scheme, port in ports.items() if port is not None]


async def listen(mqtt: MqttListener, plant: Plant, tls: Served | None) -> tuple[int | None, int | None]:
    """The ports of plain MQTT and of MQTT over TLS, each None when nothing listens there."""
    settings = plant.settings.mqtt
    plain = await _start(mqtt, settings.host, settings.port, "--mqtt-port") if settings.plain else None
    if tls is None:
        return plain, None
    return plain, await _start(mqtt, settings.host, settings.tls_port, "mqtt.tls_port", tls, settings.tls_names_user)


async def _start(
    mqtt: MqttListener, host: str, port: int, setting: str, tls: Served | None = None, names_user: bool = False
) -> int:
    try:
        return await mqtt.start(host, port, tls, names_user=names_user)
    except OSError as error:
        raise UnsError(
            Finding(
                id="unreachable.port",
                what=f"MQTT cannot listen on {host}:{port} ({error.strerror or error}).",
                hint=f"Stop what uses it (another broker?), or choose another with {setting}.",
            )
        ) from error


def renew(served: Sequence[Served], stack: AsyncExitStack) -> None:
    """Take up renewed certificates; SIGHUP, which has its ordinary meaning where there are none, asks for it."""
    if not served:
        return
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    stack.callback(loop.remove_signal_handler, signal.SIGHUP)
    following = asyncio.create_task(follow(served, asked), name="renewal of certificates")
    stack.push_async_callback(stop_task, following)
