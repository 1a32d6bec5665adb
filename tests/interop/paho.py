"""An Eclipse Paho client whose callbacks become things to wait for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from tests.support.certificates import Pair
from tests.support.until import until

VERSIONS = {3: mqtt.MQTTv31, 4: mqtt.MQTTv311, 5: mqtt.MQTTv5}


@dataclass
class Acknowledged:
    """What came back for a publish: the reason code and, from MQTT 5, its properties."""

    code: int
    name: str
    reason: str = ""
    user: dict[str, str] = field(default_factory=dict)


class PahoClient:
    """connack: the reason code of the connect. messages: everything received, oldest first."""

    def __init__(
        self,
        client_id: str,
        version: int,
        user: str,
        password: str,
        *,
        clean: bool = True,
        expiry_s: int = 0,
        websocket: bool = False,
        authority: Path | None = None,
        certificate: Pair | None = None,
    ) -> None:
        """websocket: on /mqtt of an HTTP port. authority: whom to trust, with TLS. certificate: its own."""
        self.connack: ReasonCode | None = None
        self.session_present = False
        self.messages: list[mqtt.MQTTMessage] = []
        self._version, self._clean, self._expiry_s = version, clean, expiry_s
        self._acknowledged: dict[int, Acknowledged] = {}
        self._granted: dict[int, list[ReasonCode]] = {}
        options: dict[str, Any] = {} if version == 5 else {"clean_session": clean}
        if websocket:
            options["transport"] = "websockets"
        self.raw = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=VERSIONS[version], **options
        )
        if websocket:
            self.raw.ws_set_options(path="/mqtt")
        if authority is not None:
            own = (str(certificate.certificate), str(certificate.key)) if certificate else ()
            self.raw.tls_set(str(authority), *own)
        self.raw.username_pw_set(user, password)
        self.raw.on_connect = self._on_connect
        self.raw.on_message = lambda client, userdata, message: self.messages.append(message)
        self.raw.on_publish = self._on_publish
        self.raw.on_subscribe = lambda client, userdata, mid, codes, properties: self._granted.update({mid: codes})

    def connect(self, port: int) -> "PahoClient":
        """Connect and wait for the CONNACK."""
        self.connack = None
        options: dict[str, Any] = {}
        if self._version == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self._expiry_s
            options = {"clean_start": self._clean, "properties": properties}
        self.raw.connect("127.0.0.1", port, keepalive=30, **options)
        self.raw.loop_start()
        until(lambda: self.connack is not None, "CONNACK")
        return self

    def subscribe(self, topic_filter: str, qos: int = 0) -> int:
        """Subscribe and wait; the granted QoS or the reason code."""
        mid = self.raw.subscribe(topic_filter, qos)[1]
        assert mid is not None
        until(lambda: mid in self._granted, f"SUBACK for {topic_filter}")
        return int(self._granted[mid][0].value)

    def publish(self, topic: str, payload: str | bytes, qos: int = 1, *, retain: bool = False) -> Acknowledged:
        """Publish and wait for the acknowledgement (with QoS 0: until it is sent)."""
        mid = self.raw.publish(topic, payload, qos, retain).mid
        until(lambda: mid in self._acknowledged, f"the acknowledgement for {topic}")
        return self._acknowledged.pop(mid)

    def received(self, topic: str) -> mqtt.MQTTMessage:
        """Wait for the first message on a topic."""
        return until(lambda: next((m for m in self.messages if m.topic == topic), None), f"a message on {topic}")

    def disconnect(self) -> None:
        self.raw.disconnect()
        self.raw.loop_stop()

    def break_off(self) -> None:
        """Lose the connection without a DISCONNECT."""
        connection = self.raw.socket()
        assert connection is not None
        self.raw.loop_stop()
        connection.close()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self.session_present = flags.session_present
        self.connack = code

    def _on_publish(self, client: Any, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._acknowledged[mid] = Acknowledged(
            code.value,
            code.getName(),
            getattr(properties, "ReasonString", ""),
            dict(getattr(properties, "UserProperty", [])),
        )
