"""What becomes of what somebody publishes on a writable topic? A command to the device that feeds it.

The door has judged the message by then: access, hierarchy, contract. The device answers with a value, which is
published on the topic as all its values are.
"""

from uns.broker import Broker
from uns.clock import Clock
from uns.errors import Finding, UnsError
from uns.host.application import SparkplugHost
from uns.policy.verdict import WRITTEN, Outcome, Verdict
from uns.samples import decode_sample


class Writes:
    """Turns values into commands of the Sparkplug host; for `Broker.write_with`."""

    def __init__(self, broker: Broker, host: SparkplugHost, clock: Clock) -> None:
        self._broker = broker
        self._host = host
        self._clock = clock

    def __call__(self, topic: str, payload: bytes) -> Verdict | None:
        """None when no metric feeds the topic."""
        fed = self._fed(topic)
        if fed is None:
            return None
        sample = decode_sample(payload, self._clock.wall_ms())
        if sample is None:
            what = f"'{topic}' is written with a value, and the payload holds none."
            hint = 'Publish {"value": 21.5}, or the bare value where the model takes one.'
            return Verdict(Outcome.REJECTED, Finding(id="payload.no_value", what=what, hint=hint))
        try:
            self._host.command(fed, sample.value)
        except UnsError as error:
            return Verdict(Outcome.REJECTED, error.finding)
        return WRITTEN

    def _fed(self, topic: str) -> str | None:
        """The topic as the host knows it: an edge node of an old name feeds the new one."""
        if self._host.origin(topic) is not None:
            return topic
        for alias in self._broker.door.admission.aliases.onto(topic):
            former = alias.former(topic)
            if self._host.origin(former) is not None:
                return former
        return None
