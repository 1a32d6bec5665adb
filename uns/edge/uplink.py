"""How does an edge node reach a broker? One in the same process is always there; one beyond a network comes and goes.

start ──► begin() ──► CONNECT ──► opened() ──► … ──► lost() ──► begin() ──► CONNECT … (the same or the next server)
"""

from collections.abc import Callable
from typing import Protocol

from uns.errors import Finding
from uns.link import Acknowledge, Link, Message, Receive, Will


class UplinkUser(Protocol):
    """Who has an uplink: an edge node."""

    def begin(self) -> Will:
        """A CONNECT is about to be sent: its will. Raises OSError when the session cannot be numbered."""

    def opened(self) -> None:
        """The server took the connection."""

    def lost(self) -> None:
        """The connection broke off; the server publishes the will."""

    def trouble(self, finding: Finding | None) -> None:
        """Why there is no connection; None when there is one."""


class Uplink(Protocol):
    """One client of one server at a time (tck-id-operational-behavior-primary-application-state-with-multiple-servers-
    single-server). No call blocks.

    dies_by_will: leaving makes the server publish the will (MQTT 5), so the death is not to be published before.
    walks: there are several servers to leave one for.
    """

    dies_by_will: bool
    walks: bool

    def start(self, user: UplinkUser) -> None:
        """Connect, and go on connecting. Raises OSError of `begin` where the first attempt is made at once."""

    def publish(self, message: Message, acknowledge: Acknowledge | None = None) -> None:
        """Send a message while connected; what is published while not is lost."""

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        """Valid for this connection alone."""

    def sync(self, call: Callable[[], None]) -> None:
        """Call when the server has taken everything published before; never, when the connection is lost first."""

    def leave(self) -> None:
        """Disconnect, and go on with the next server."""

    def close(self) -> None:
        """Disconnect for good."""


class LocalUplink:
    """A link in the broker's own process."""

    dies_by_will = False
    walks = False

    def __init__(self, link: Link) -> None:
        self._link = link

    def start(self, user: UplinkUser) -> None:
        self._link.open(user.begin())
        user.opened()

    def publish(self, message: Message, acknowledge: Acknowledge | None = None) -> None:
        self._link.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=message.properties,
            acknowledge=acknowledge,
        )

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        self._link.subscribe(topic_filter, receive)

    def sync(self, call: Callable[[], None]) -> None:
        call()

    def leave(self) -> None:
        """There is no other server: it stays."""

    def close(self) -> None:
        self._link.close()
