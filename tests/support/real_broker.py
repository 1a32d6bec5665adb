"""The real broker behind the surface of `MemoryBroker`: it delivers inside `publish`, one message within another.

Its policy is the real one and lets everything pass. What fails in a receiver fails the test.
"""

from collections.abc import Sequence

from uns.broker import Broker
from uns.clock import Clock
from uns.link import Acknowledge, Message, Properties, Will
from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.registry import Registry
from uns.server.clock import SystemClock
from uns.server.link import BrokerLink


def permissive() -> CompiledAdmission:
    """Every topic is open, and judged by nothing but access."""
    registry = Registry([])
    namespace, findings = parse_namespace({"tree": {"acme": {}}, "open": ["#"]}, registry)
    assert namespace is not None, findings
    return CompiledAdmission(namespace, registry, parse_access({})[0])


class RealBroker:
    """published: every message offered, in the order of offering. links: those that are open."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.published: list[Message] = []
        self.links: list[RecordedLink] = []
        self.clock = clock or SystemClock()
        self.broker = Broker(permissive(), self.clock, on_defect=_fail)

    def link(self, client_id: str) -> "RecordedLink":
        return RecordedLink(self, client_id)

    @property
    def retained(self) -> dict[str, Message]:
        return {message.topic: message for message in self.broker.retained("#")}

    def on(self, prefix: str) -> list[Message]:
        """The published messages whose topic starts so."""
        return [message for message in self.published if message.topic.startswith(prefix)]


class RecordedLink(BrokerLink):
    """The link of the product, which notes what goes through it. `lose` drops the connection with its will."""

    def __init__(self, broker: RealBroker, client_id: str) -> None:
        super().__init__(broker.broker, client_id)
        self._recorded = broker
        self._will: Will | None = None

    def open(self, will: Will | None = None) -> None:
        super().open(will)
        self._will = will
        if self not in self._recorded.links:
            self._recorded.links.append(self)

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
        self._note(topic, payload, qos, retain, properties)
        super().publish(topic, payload, qos=qos, retain=retain, properties=properties, acknowledge=acknowledge)

    def publish_values(self, values: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in values:
            self._note(topic, payload, 0, True, None)
            super().publish_values([(topic, payload)])

    def close(self, *, send_will: bool = False) -> None:
        if self in self._recorded.links:
            self._recorded.links.remove(self)
        will, self._will = self._will, None
        if send_will and will is not None:
            self._note(will.topic, will.payload, will.qos, will.retain, will.properties)
        super().close(send_will=send_will)

    def lose(self) -> None:
        """The connection breaks off without a DISCONNECT."""
        self.close(send_will=True)

    def _note(self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None) -> None:
        now_ms = self._recorded.clock.wall_ms()
        self._recorded.published.append(Message(topic, payload, qos, retain, properties, self.client_id, now_ms))


def _fail(what: str, topic: str, error: Exception) -> None:
    raise AssertionError(f"{what} on '{topic}'") from error
