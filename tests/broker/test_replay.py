"""What quarantine held comes in again: judged by the rules of now, as of the time when it came first."""

from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Publisher
from uns.link import Message
from uns.policy.verdict import Outcome
from uns.policy.violation import Violation

STATE = "acme/ghent/packaging/line1/filler/state"
PLC = Publisher("plc", "engineer", "10.0.0.7:1", "replay")


def test_it_counts_as_received_when_it_was(broker: Broker, clock: FakeClock, peer: Peer) -> None:
    received: list[Message] = []
    broker.local("history").subscribe("acme/#", received.append)
    first_ms = clock.wall_ms() - 60_000
    verdict = broker.replay(Message(STATE, b'{"value": "execute"}', retain=True, received_ms=first_ms), PLC)
    assert verdict.delivered
    current = broker.current(STATE)
    assert current is not None
    assert (current.received_ms, current.publisher) == (first_ms, PLC)
    assert [(message.received_ms, message.publisher) for message in received] == [(first_ms, "plc")]
    broker.publish(Message(STATE, b'{"value": "stopped"}', publisher="peer"), "engineer")
    assert current.received_ms == clock.wall_ms()


def test_what_is_refused_again_is_not_recorded_again(broker: Broker, violations: list[Violation]) -> None:
    verdict = broker.replay(Message(STATE, b'{"value": "running"}', received_ms=5), PLC)
    assert (verdict.outcome, verdict.finding and verdict.finding.id) == (Outcome.QUARANTINED, "payload.enum")
    assert violations == []
    assert broker.current(STATE) is None


def test_judging_asks_what_the_message_says_of_itself_too(broker: Broker) -> None:
    wrong = Message("open/x", b"\xff", properties={"payload_format_indicator": 1})
    finding = broker.judge(wrong, "engineer").finding
    assert finding is not None
    assert finding.id == "payload.encoding"
    assert broker.judge(Message(STATE, b"", retain=True), "engineer").delivered
