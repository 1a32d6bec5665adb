"""What is told of a message that breaks a rule, to whom: violations, notices, and defects of our own parts."""

from collections.abc import Callable

import msgspec

from uns.broker.identity import Publisher
from uns.broker.stats import Stats
from uns.errors import Finding, shorten
from uns.link import Message, Properties
from uns.policy.verdict import Mode, Outcome, Verdict
from uns.policy.violation import Violation
from uns.samples import format_timestamp

REJECTED_PREFIX = "$uns/rejected/"
_encode_json = msgspec.json.encode

OnDefect = Callable[[str, str, Exception], None]
"""Told of an exception in a part behind the door: what failed, on which topic, and why. Must return at once."""

OnWrite = Callable[[str, bytes], Verdict | None]
"""Asked what becomes of a good message on a writable topic: written, refused with a finding, or None when no device
feeds the topic. Must return at once."""


class Refusals:
    """Counts and passes on; on_violation is told of each one that is to be kept."""

    def __init__(
        self, stats: Stats, on_violation: Callable[[Violation], None] | None, on_defect: OnDefect | None
    ) -> None:
        self._stats = stats
        self._on_violation = on_violation
        self._on_defect = on_defect

    def record(self, verdict: Verdict, publisher: Publisher, message: Message, mode: Mode | None, time_ms: int) -> None:
        """mode: of the branch; None when the message breaks the standard itself. time_ms: UTC."""
        self._stats.violations += 1
        if not verdict.delivered:
            self._stats.publishes_refused += 1
        if verdict.finding is not None and verdict.finding.family == "quota":
            self._stats.quota_refused += 1
        if self._on_violation is None or verdict.outcome is Outcome.OBSERVED:
            return
        self._on_violation(
            Violation(
                time_ms=time_ms,
                verdict=verdict,
                topic=message.topic,
                payload=message.payload,
                qos=message.qos,
                retain=message.retain,
                properties=message.properties,
                client_id=publisher.client_id,
                role=publisher.role,
                address=publisher.address,
                mode=mode,
            )
        )

    def write_failed(self, topic: str, error: Exception) -> Verdict:
        """Whoever writes to devices raised: what its publisher gets."""
        if self._on_defect is not None:
            self._on_defect("a write to a device failed", topic, error)
        what = f"the write to '{topic}' failed ({type(error).__name__}: {error})."
        hint = "This is a defect of the platform; its log tells more. The device was not written."
        return Verdict(Outcome.REJECTED, Finding(id="internal.write", what=what, hint=hint))

    def validator_failed(self, topic: str, error: Exception) -> Finding:
        """A contract raised: what its publisher gets instead of a judgement."""
        self._stats.validator_errors += 1
        if self._on_defect is not None:
            self._on_defect("a contract could not be judged", topic, error)
        return Finding(
            id="internal.validator",
            what=f"the contract of '{topic}' could not be judged ({type(error).__name__}: {error}).",
            hint="This is a defect of the platform, not of the message: please report it with the payload.",
        )

    def receiver_failed(self, topic: str, error: Exception) -> None:
        """A part of the platform raised when it was given a message."""
        self._stats.receiver_errors += 1
        if self._on_defect is not None:
            self._on_defect("a receiver failed", topic, error)


def rejected_topic(client_id: str) -> str:
    """The topic of a client's refusals; characters that are wildcards in a filter are written as `%XX`."""
    safe = client_id.replace("%", "%25").replace("+", "%2B").replace("#", "%23").replace("/", "%2F")
    return REJECTED_PREFIX + safe


def rejection_notice(topic: str, verdict: Verdict, time_ms: int) -> bytes:
    """What stands there: JSON with time, topic, outcome and finding."""
    told = {"time": format_timestamp(time_ms), "topic": topic, "outcome": verdict.outcome, "finding": verdict.finding}
    return _encode_json(told)


def malformed_topic(topic: str, fault: str) -> Finding:
    return Finding(id="topic.malformed", what=f"'{shorten(topic)}' is no topic name: {fault}.")


def payload_format_fault(payload: bytes, properties: Properties | None) -> Finding | None:
    """MQTT-3.3.2-4: a payload said to be UTF-8 text must be it."""
    if properties is None or properties.get("payload_format_indicator") != 1:
        return None
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        return Finding(
            id="payload.encoding",
            what=f"the payload is announced as UTF-8 text, but byte {error.start} is not.",
            hint="Send UTF-8, or leave the Payload Format Indicator out.",
        )
    return None


def tagged(properties: Properties | None, finding: Finding) -> Properties:
    """The properties of a message that is delivered with a warning."""
    return marked(properties, "uns-finding", finding.id)


def marked(properties: Properties | None, name: str, value: str) -> Properties:
    """With one more user property."""
    changed = dict(properties or {})
    changed["user_property"] = [*changed.get("user_property", []), (name, value)]
    return changed


def unfed(topic: str) -> Finding:
    """A write that cannot reach its device."""
    return Finding(
        id="unreachable.source",
        what=f"'{shorten(topic)}' is written to the source that feeds it, which has not come up yet.",
        hint="See uns source list, and write again when the source runs.",
    )
