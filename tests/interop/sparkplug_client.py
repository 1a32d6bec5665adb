"""An edge node made by the npm package sparkplug-client, in a process of its own; see js/edge.cjs."""

from base64 import b64decode, b64encode
from typing import Any

from tests.interop.javascript import JavaScriptProcess

Fields = dict[str, Any]
"""A payload, metric or property with the names that sparkplug-client gives its members."""

REBIRTH = "Node Control/Rebirth"


class SparkplugClient(JavaScriptProcess):
    """One edge node of a group. Its events are birth (it is to publish its births), ncmd, dcmd and close."""

    def __init__(self, port: int, group: str, node: str, user: str, password: str) -> None:
        super().__init__("edge.cjs", node)
        self._config = {
            "serverUrl": f"mqtt://127.0.0.1:{port}",
            "clientId": f"sparkplug-client-{node}",
            "groupId": group,
            "edgeNode": node,
            "username": user,
            "password": password,
            "mqttOptions": {"reconnectPeriod": 50},
        }

    def connect(self, births: Fields | None = None, **config: Any) -> Fields:
        """births: published now and on every rebirth, see `births_of`; None publishes none, whoever asks."""
        return self.ask("connect", config=self._config | config, births=births)

    def births(self, births: Fields | None) -> None:
        """Publish these now, and from now on."""
        self.ask("births", births=births)

    def node_data(self, *payloads: Fields, **options: Any) -> None:
        """One message per payload."""
        self.ask("nodeData", payloads=payloads, options=options)

    def data(self, device: str, payload: Fields, **options: Any) -> None:
        self.ask("deviceData", device=device, payload=payload, options=options)

    def birth(self, device: str, payload: Fields, **options: Any) -> None:
        self.ask("deviceBirth", device=device, payload=payload, options=options)

    def death(self, device: str, payload: Fields) -> None:
        self.ask("deviceDeath", device=device, payload=payload)


def births_of(node: Fields, options: Fields | None = None, *, reuse: bool = False, **devices: Fields) -> Fields:
    """The payload of the node birth and of each device's. options: as the methods of sparkplug-client take them.

    reuse: each rebirth publishes the same objects again, instead of new ones.
    """
    return {"node": node, "devices": devices, "options": options or {}, "reuse": reuse}


def payload(timestamp_ms: int, *metrics: Fields) -> Fields:
    return {"timestamp": timestamp_ms, "metrics": list(metrics)}


def metric(name: str, kind: str, value: Any, **more: Any) -> Fields:
    """kind: a datatype by its name. more: timestamp, alias, properties, …"""
    return {"name": name, "type": kind, "value": value, **more}


def long(value: int) -> Fields:
    """As an object of long.js, since a number of JavaScript is exact to 2^53 only."""
    return {"$long": str(value)}


def raw(value: bytes) -> Fields:
    """As a Buffer."""
    return {"$bytes": b64encode(value).decode()}


def plain(value: Any) -> Any:
    """What came in a command: a long or a Buffer as int or bytes."""
    if isinstance(value, dict) and "$long" in value:
        return int(value["$long"])
    return b64decode(value["$bytes"]) if isinstance(value, dict) and "$bytes" in value else value
