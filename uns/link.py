"""The verbs by which a part talks to a broker, embedded or remote: open, publish, subscribe, close.

The historian, the Sparkplug host and the edge nodes know a `Link` and nothing else, so each of them can run in the
broker's process or beyond an MQTT connection.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from uns.errors import Finding

Properties = dict[str, Any]
"""MQTT 5 properties by their standard name in snake case; `user_property` is a list of (name, value) pairs."""


class Message(msgspec.Struct, gc=False, array_like=True):
    """One PUBLISH on its way. `publisher` is the client id; times are UTC milliseconds since 1970.

    It stands on disk field by field in this order (`uns/persistence`): a new field comes last and has a default.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None
    publisher: str = ""
    received_ms: int = 0


class Will(msgspec.Struct, frozen=True):
    """What the broker publishes when the client is lost without a DISCONNECT."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None


Receive = Callable[[Message], None]
"""Called once per message, in the broker's turn: it must return at once and keep what it needs."""

Acknowledge = Callable[[Finding | None], None]
"""Called once when the broker has judged a publish: None means accepted."""


class Link(Protocol):
    """One client of a broker. No call blocks."""

    client_id: str

    def open(self, will: Will | None = None) -> None:
        """Connect, with a will; publishing before this raises RuntimeError."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Offer a message to the door. `acknowledge` learns whether the namespace took it."""

    def publish_values(self, values: Sequence[tuple[str, bytes]]) -> None:
        """`publish` each of these (topic, payload) retained, for who has many at once and waits for no answer."""

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        """Deliver what matches, retained values first. An equal filter replaces the earlier subscription.

        `retain` of a delivered message tells the two apart: it is set on stored values only (MQTT-3.3.1-12).
        """

    def unsubscribe(self, topic_filter: str) -> None:
        """End a subscription; unknown filters are ignored."""

    def close(self, *, send_will: bool = False) -> None:
        """Disconnect; with `send_will` the will is published, as after a lost connection."""
