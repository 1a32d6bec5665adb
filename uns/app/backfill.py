"""What becomes of a value from the past, that an edge node kept while it was away? It is judged like every other value,
and goes into the history; it is never current.
"""

from collections.abc import Callable

import msgspec

from uns.app.keeping import HOST_CLIENT_ID
from uns.app.replay import Record
from uns.broker import Broker
from uns.clock import Clock
from uns.policy.access import INTERNAL
from uns.policy.admission import decide
from uns.policy.verdict import Admission, TopicRule
from uns.policy.violation import Violation
from uns.samples import Sample, encode_sample

MAX_RULES = 100_000


class Backfill:
    """Takes (topic, sample); for `SparkplugHost`. record: into the history, where it is recorded there at all."""

    def __init__(self, broker: Broker, clock: Clock, record: Record, on_violation: Callable[[Violation], None]) -> None:
        self._broker = broker
        self._clock = clock
        self._record = record
        self._on_violation = on_violation
        self._admission: Admission | None = None
        self._rules: dict[str, TopicRule] = {}

    def __call__(self, topic: str, sample: Sample) -> None:
        now_ms = self._clock.wall_ms()
        rule = self._rule(topic)
        if rule.moved is not None and rule.moved.alias.in_force(now_ms):
            rule = rule.moved.rule
        payload = encode_sample(sample)
        verdict = decide(rule, INTERNAL, payload, now_ms)
        if verdict.finding is not None:
            late = f"A historical value, of its own time: {verdict.finding.what}"
            finding = msgspec.structs.replace(verdict.finding, what=late)
            self._on_violation(
                Violation(
                    time_ms=now_ms,
                    verdict=msgspec.structs.replace(verdict, finding=finding),
                    topic=rule.topic,
                    payload=payload,
                    client_id=HOST_CLIENT_ID,
                    role=INTERNAL,
                    mode=rule.mode,
                )
            )
        if verdict.delivered:
            self._record(rule.topic, sample)

    def _rule(self, topic: str) -> TopicRule:
        """Compiled once per topic and policy."""
        admission = self._broker.door.admission
        if admission is not self._admission or len(self._rules) >= MAX_RULES:
            self._admission, self._rules = admission, {}
        rule = self._rules.get(topic)
        if rule is None:
            rule = self._rules[topic] = admission.rule(topic)
        return rule
