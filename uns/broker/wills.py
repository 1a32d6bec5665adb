"""When is a will published? (MQTT 5, 3.1.2.5 and 4.1)

    CONNECT ──▶ on disk ──connection lost──▶ waits for its delay ──▶ published
                  │  └─ DISCONNECT 0x00: gone     └─ client returns: gone; session ends: published at once
                  └─ crash of the broker ──▶ waits for its delay, at least for the grace

A will outlives a crash of the broker, also where its session does not: to everybody else the client is lost then. After
a restart all clients come back within seconds, so each will waits that long for its client.
"""

from collections.abc import Iterable
from functools import partial

import msgspec

from uns.broker.door import Door
from uns.broker.kept import Will
from uns.broker.ledger import Ledger
from uns.broker.quota import message_bytes
from uns.broker.stats import Stats
from uns.broker.timers import Timer, Timers
from uns.clock import Clock
from uns.sparkplug.aware import dated, is_node_death


class Wills:
    """grace_s: what the will of a client that was there at a crash waits for it at the least.
    dates_deaths: an NDEATH of Sparkplug gets the time at which it is published.
    """

    def __init__(
        self,
        door: Door,
        clock: Clock,
        timers: Timers,
        stats: Stats,
        ledger: Ledger,
        *,
        grace_s: int,
        dates_deaths: bool,
    ) -> None:
        self._door = door
        self._clock = clock
        self._timers = timers
        self._stats = stats
        self._ledger = ledger
        self._grace_s = grace_s
        self._dates_deaths = dates_deaths
        self._waiting: dict[str, tuple[Will, Timer]] = {}

    def keep(self, will: Will, expiry_s: int) -> None:
        """Its client is let in, to a session that outlives the connection by so much."""
        self._ledger.will(will.client_id, msgspec.structs.replace(will, delay_s=min(will.delay_s, expiry_s)))

    def forget(self, client_id: str) -> None:
        """Its client has said goodbye (MQTT-3.1.2-10)."""
        self._ledger.will(client_id, None)

    def lost(self, will: Will, expiry_s: int) -> None:
        """Its client is gone: publish it now, or after its delay or with the end of the session, whichever is first
        (MQTT-3.1.3-9)."""
        delay_s = min(will.delay_s, expiry_s)
        if delay_s == 0:
            self._publish(will)
            return
        due_ms = self._clock.monotonic_ms() + delay_s * 1000 + self._ledger.shift_ms
        will = msgspec.structs.replace(will, delay_s=delay_s, due_ms=due_ms)
        self._ledger.will(will.client_id, will)
        self._wait(will, delay_s * 1000)

    def returned(self, client_id: str, user: str) -> None:
        """A client is back in time. Another user who took its id is not, and keeps nobody from hearing of the loss."""
        waiting = self._waiting.get(client_id)
        if waiting is None:
            return
        if waiting[0].user == user:
            self._take(client_id)
            self._ledger.will(client_id, None)
        else:
            self.due(client_id)

    def due(self, client_id: str) -> None:
        """The session of this client ends: publish the will that waits, if there is one."""
        will = self._take(client_id)
        if will is not None:
            self._publish(will)

    def bytes_of(self, client_id: str) -> int:
        """What waits for this client's return takes."""
        waiting = self._waiting.get(client_id)
        return message_bytes(waiting[0].message) if waiting is not None else 0

    def restore(self, wills: Iterable[Will]) -> None:
        """Take up the wills of the last run: all their clients are gone, since then or since now."""
        disk_ms = self._clock.monotonic_ms() + self._ledger.shift_ms
        for will in wills:
            self._ledger.will_restored(will.client_id)
            delay_ms = will.delay_s * 1000
            left_ms = min(will.due_ms - disk_ms, delay_ms) if will.due_ms else delay_ms  # it may have been set back
            self._wait(will, max(left_ms, self._grace_s * 1000))

    def _wait(self, will: Will, wait_ms: int) -> None:
        due_ms = self._clock.monotonic_ms() + wait_ms
        timer = self._timers.at(due_ms, partial(self.due, will.client_id))
        self._waiting[will.client_id] = will, timer
        self._stats.client_bytes += message_bytes(will.message)

    def _take(self, client_id: str) -> Will | None:
        waiting = self._waiting.pop(client_id, None)
        if waiting is None:
            return None
        will, timer = waiting
        timer.cancel()
        self._stats.client_bytes -= message_bytes(will.message)
        return will

    def _publish(self, will: Will) -> None:
        message, payload = will.message, will.message.payload
        self._door.now_ms = self._clock.wall_ms()  # a connection is lost without a packet that would have set it
        self._ledger.will(will.client_id, None)  # in one batch with what the message leaves behind
        if self._dates_deaths and is_node_death(message.topic):
            payload = dated(payload, self._door.now_ms)
        self._door.offer(will.publisher, message.topic, payload, message.qos, message.retain, message.properties)
