"""May one more connection come in? Counted in total and per address, before anything of it is read.

Whom the limits turn away may still send its CONNECT, to be told why in the CONNACK; so many at a time, and the rest of
a flood is closed at once.
"""

import msgspec

from uns.broker.limits import Limits
from uns.broker.rate import Bucket
from uns.clock import Clock
from uns.mqtt import ReasonCode

TOLD_AT_ONCE = 100
"""Connections past a limit that are kept until they have been told."""
BUCKETS_KEPT = 10_000


class Refusal(msgspec.Struct, frozen=True):
    """Why a connection may not come in; tell: there is room to say so."""

    reason_code: ReasonCode
    text: str
    setting: str
    tell: bool


class Admittance:
    """Who is connected from where."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_host: dict[str, int] = {}
        self._rates: dict[str, Bucket] = {}
        self._total = 0
        self._refused = 0

    def enter(self, host: str, limits: Limits) -> Refusal | None:
        """A connection came; call `leave` when it is gone, refused or not."""
        self._total += 1
        count = self._by_host[host] = self._by_host.get(host, 0) + 1
        refusal = self._refusal(host, count, limits)
        if refusal is not None:
            self._refused += 1
        return refusal

    def leave(self, host: str, *, refused: bool) -> None:
        self._total -= 1
        self._refused -= refused
        count = self._by_host[host] - 1
        if count:
            self._by_host[host] = count
        else:
            del self._by_host[host]

    def _refusal(self, host: str, count: int, limits: Limits) -> Refusal | None:
        tell = self._refused < TOLD_AT_ONCE
        if self._total > limits.max_connections:
            text = f"the broker already has {limits.max_connections} connections (mqtt.max_connections)"
            return Refusal(ReasonCode.QUOTA_EXCEEDED, text, "max_connections", tell)
        if count > limits.max_connections_per_address:
            text = (
                f"{host} already has {limits.max_connections_per_address} connections"
                " (mqtt.max_connections_per_address)"
            )
            return Refusal(ReasonCode.QUOTA_EXCEEDED, text, "max_connections_per_address", tell)
        if limits.max_connect_rate and self._is_too_fast(host, limits.max_connect_rate):
            text = f"{host} makes more than {limits.max_connect_rate} connections per second (mqtt.max_connect_rate)"
            return Refusal(ReasonCode.CONNECTION_RATE_EXCEEDED, text, "max_connect_rate", tell)
        return None

    def _is_too_fast(self, host: str, rate_per_s: int) -> bool:
        now_ms = self._clock.monotonic_ms()
        bucket = self._rates.get(host)
        if bucket is None:
            if len(self._rates) >= BUCKETS_KEPT:
                self._rates = {each: kept for each, kept in self._rates.items() if not kept.is_full(now_ms)}
            bucket = self._rates[host] = Bucket(rate_per_s, now_ms)
        if bucket.take(1, now_ms):
            bucket.take(-1, now_ms)  # who is refused pays nothing, or a flood would never be let in again
            return True
        return False
