"""What becomes of the messages of a session that has ended, and of those it may not have any more?

Those that came by a shared subscription go to its other members (MQTT 5, 4.8.2), the rest is dropped: in steps, since
a session may leave ten thousand, and a group have thousands of members that are away.
"""

from collections.abc import Iterable, Iterator

from uns.broker.held import Held
from uns.broker.ledger import Ledger
from uns.broker.outgoing import Outgoing
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionTable
from uns.clock import Clock

STEP = 16
"""Messages: choosing who gets one may take asking MEMBERS_ASKED members."""


class Leftovers:
    """bytes: of the messages that are left and not seen to yet. `Held` counts them until they are."""

    def __init__(
        self, subscriptions: SubscriptionTable, clock: Clock, held: Held, ledger: Ledger, stats: Stats
    ) -> None:
        self.bytes = 0
        self._subscriptions = subscriptions
        self._clock = clock
        self._held = held
        self._ledger = ledger
        self._stats = stats

    def settle(self, left: Iterable[Outgoing], size: int) -> Iterator[None]:
        """Pass on or drop what was taken out of a session, oldest first. size: their bytes."""
        self.bytes += size
        return self._steps(left)

    def _steps(self, left: Iterable[Outgoing]) -> Iterator[None]:
        for number, outgoing in enumerate(left, 1):
            self.bytes -= outgoing.bytes
            # MQTT-4.8.2-5: one of QoS 2 that was sent may have been taken, and is for nobody else.
            if outgoing.share and not (outgoing.qos == 2 and outgoing.packet_id):
                self._pass_on(outgoing)
            self._held.release(outgoing)
            if outgoing.number:  # after its successor is noted: no crash finds neither
                self._ledger.dropped(outgoing)
            if number % STEP == 0:
                yield

    def _pass_on(self, outgoing: Outgoing) -> None:
        """Give a message of a shared subscription to a member that is left, as if it had just come.

        Section 4.8.2 lets a server do so as soon as a member's connection breaks, or when its session ends. Here a
        member that may return keeps what it was given: it alone knows how far it got, and a short loss of the network
        makes no duplicates. It gets nothing new while others keep up. A refusal (PUBACK, PUBREC of 0x80 and more) ends
        a message for the whole group (MQTT-4.8.2-6).
        """
        share = self._subscriptions.share(outgoing.share)
        target = share.choose() if share is not None else None
        if target is None:
            return
        if outgoing.expires_ms is not None and outgoing.expires_ms <= self._clock.monotonic_ms():
            self._stats.expired += 1
            return
        message = outgoing.message
        qos, retain = min(message.qos, target.qos), message.retain and target.retain_as_published
        target.session.deliver(message, target, qos, retain, outgoing.expires_ms)
