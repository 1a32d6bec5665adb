"""Which MQTT server is meant? `mqtt://host`, `mqtts://host:8883`; the port is the usual one when left out."""

from urllib.parse import urlsplit

import msgspec

from uns.errors import Finding, UnsError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class MqttServer(msgspec.Struct, frozen=True):
    """One MQTT server, with TLS or without."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_server(text: str) -> MqttServer:
    """Raises UnsError `edge.server` for what is no such address."""
    whole = text if "://" in text else f"mqtt://{text}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.username:
        hint = "Write mqtt://HOST or mqtts://HOST:PORT; user and password have settings of their own."
        raise UnsError(Finding(id="edge.server", what=f"'{text}' is no MQTT server.", hint=hint))
    return MqttServer(host, port or _PORTS[parts.scheme], parts.scheme == "mqtts")
