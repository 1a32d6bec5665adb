"""A broker whose limits are about to be felt."""

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits, Notice, Trouble
from uns.policy.violation import Violation

KEEP = {"session_expiry_interval": 7200}


class Floor:
    """A broker with these limits, its clock, and what it told."""

    def __init__(self, **limits: int) -> None:
        self.clock = FakeClock()
        self.notices: list[Notice] = []
        self.violations: list[Violation] = []
        self.broker = Broker(
            compile_admission(),
            self.clock,
            limits=Limits(**limits),
            authenticate=by_username,
            on_violation=self.violations.append,
            on_notice=self.notices.append,
        )

    def peer(self, client_id: str, *, version: int = 5, address: str = "192.0.2.1:40000", **connect) -> Peer:
        peer = Peer(self.broker, version, address)
        peer.connack = peer.connect(client_id, **connect)
        return peer

    def advance(self, ms: int) -> None:
        self.clock.advance(ms)
        self.broker.tick()

    @property
    def told(self) -> list[tuple[Trouble, str]]:
        return [(notice.trouble, notice.client_id) for notice in self.notices]


def offline(floor: Floor, client_id: str, topic_filter: str = "open/#") -> None:
    """Leave a session behind that waits for messages."""
    peer = floor.peer(client_id, properties={"session_expiry_interval": 3600})
    peer.subscribe(topic_filter, qos=1)
    peer.lose()
