"""How does a browser see values change? One bounded buffer per stream, written as server-sent events.

    broker ──offer()──▶ buffer ──events()──▶ text/event-stream        (WHATWG HTML, section 9.2)
                        │ full: the oldest is shed and counted, and the client is told

Current values are not shed: they are a list of what the broker holds anyway. With an interval the buffer keeps the last
message per topic, so that a slow page sees the newest of each. The buffer is bounded by messages and by bytes.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count, zip_longest
from typing import Any

import msgspec

from uns.api.responses import encode
from uns.api.values import payload_text
from uns.broker import LocalClient
from uns.link import Message, Receive
from uns.samples import Quality, decode_sample, format_timestamp
from uns.topics import matches

BUFFERED = 10_000
BUFFERED_BYTES = 8 * 1024 * 1024
"""Of topics and payloads. A message that is larger by itself still waits, alone."""
BATCH = 500
BATCH_BYTES = 1024 * 1024
"""One event holds no more, unless one message does: it is written as a whole."""
PING_S = 15.0
MAX_PAYLOAD_BYTES = 16_384


class StreamValue(msgspec.Struct, frozen=True):
    """One element of a `values` event. A payload that is no sample comes as text beside a null value."""

    topic: str
    value: Any
    quality: Quality | None
    timestamp: str
    payload: str | msgspec.UnsetType = msgspec.UNSET


QualityNow = Callable[[Message, Quality], Quality]
"""The quality of a message's value by the time it is shown, given the stated one."""


def as_stated(_message: Message, quality: Quality) -> Quality:
    """No value gets too old."""
    return quality


class ValueStream:
    """One client's stream: a client of the broker that buffers what its filters match."""

    def __init__(
        self,
        filters: Sequence[str],
        interval_ms: int = 0,
        quality_now: QualityNow = as_stated,
        refused: Sequence[str] = (),
    ) -> None:
        """refused: filters that were asked for and left out; the client is told of them first."""
        self._refused = list(refused)
        self._quality_now = quality_now
        self.filters = list(dict.fromkeys(filters))
        self.dropped = 0
        self._interval_s = interval_ms / 1000
        self._initial: deque[Message] = deque()
        self._waiting: OrderedDict[int | str, Message] = OrderedDict()
        self._waiting_bytes = 0
        self._serial = count()
        self._told = 0
        self._client: LocalClient | None = None
        self._review: object = None
        self._earlier: dict[str, list[str]] = {}
        """By filter, those before it that overlap it: what they match comes by them."""
        self._subscribing = False
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def buffered(self) -> int:
        """Messages that wait for the client."""
        return len(self._initial) + len(self._waiting)

    def subscribe(self, client: LocalClient) -> None:
        """Take what the filters match, retained values first; a topic that several filters match comes once."""
        self._client = client
        self._subscribing = True
        for index, topic_filter in enumerate(self.filters):
            earlier = self._earlier[topic_filter] = [
                other for other in self.filters[:index] if overlap(other, topic_filter)
            ]
            client.subscribe(topic_filter, self._receiver(earlier))
        self._subscribing = False

    def hold(self, review: object) -> None:
        """Show nothing more until a review has looked through the filters; a later one takes the place of this."""
        self._review = review

    def release(self, review: object, lost: Sequence[str]) -> None:
        """A review is over, and these filters may not be read any more. Nothing happens when a later one has begun."""
        if self._review is not review:
            return
        self._review = None
        self.withdraw(lost)
        self._changed.set()

    def withdraw(self, filters: Sequence[str]) -> None:
        """Its client has lost the right to these filters: what they alone brought is not shown any more, and the client
        is told. Without any filter the stream ends."""
        gone = [topic_filter for topic_filter in self.filters if topic_filter in filters]
        if not gone:
            return
        self.filters = [topic_filter for topic_filter in self.filters if topic_filter not in filters]
        for topic_filter in gone:
            if self._client is not None:
                self._client.unsubscribe(topic_filter)
        for earlier in self._earlier.values():
            earlier[:] = [topic_filter for topic_filter in earlier if topic_filter not in filters]
        self._initial = deque(message for message in self._initial if self._may_show(message))
        kept = OrderedDict((key, message) for key, message in self._waiting.items() if self._may_show(message))
        self._waiting, self._waiting_bytes = kept, sum(map(_bytes, kept.values()))
        self._refused += gone
        self._changed.set()

    def _may_show(self, message: Message) -> bool:
        return any(matches(topic_filter, message.topic) for topic_filter in self.filters)

    def _receiver(self, earlier: Sequence[str]) -> Receive:
        def receive(message: Message) -> None:
            if not any(matches(topic_filter, message.topic) for topic_filter in earlier):
                self.offer(message)

        return receive

    def offer(self, message: Message) -> None:
        """Buffer one message; past `BUFFERED` or `BUFFERED_BYTES` the oldest are shed."""
        if message.properties:
            message = msgspec.structs.replace(message, properties=None)  # never shown, and not to be held
        if self._subscribing:
            self._initial.append(message)
        else:
            key = message.topic if self._interval_s else next(self._serial)
            replaced = self._waiting.pop(key, None)
            if replaced is not None:
                self._waiting_bytes -= _bytes(replaced)
            self._waiting[key] = message
            self._waiting_bytes += _bytes(message)
            self._shed()
        self._changed.set()

    def _shed(self) -> None:
        while len(self._waiting) > BUFFERED or (self._waiting_bytes > BUFFERED_BYTES and len(self._waiting) > 1):
            self._next()
            self.dropped += 1

    def close(self) -> None:
        """End the stream after what is being written now."""
        self._closing.set()
        self._changed.set()

    async def events(self) -> AsyncIterator[bytes]:
        """The body of the response, until `close`."""
        yield b"retry: 2000\n\n"
        while not self._closing.is_set():
            if self._refused:
                refused, self._refused = self._refused, []
                yield _event("refused", {"filters": refused})
                if not self.filters:
                    return
                self._changed.set()  # what waits was not looked at
            if not await _within(self._changed, PING_S):
                yield b": ping\n\n"
                continue
            self._changed.clear()
            while not self._closing.is_set() and not self._refused and (batch := self._take()):
                if self.dropped != self._told:
                    yield _event("dropped", {"count": self.dropped - self._told})
                    self._told = self.dropped
                yield _event("values", [stream_value(message, self._quality_now) for message in batch])
                await asyncio.sleep(0)  # a hundred thousand retained values must not hold up the broker
            if self._interval_s:
                await _within(self._closing, self._interval_s)

    def _take(self) -> list[Message]:
        """What goes into the next event: current values before changes."""
        batch: list[Message] = []
        if self._review is not None:
            return batch
        taken_bytes = 0
        first = bool(self._initial)
        while len(batch) < BATCH and taken_bytes < BATCH_BYTES and (self._initial if first else self._waiting):
            message = self._initial.popleft() if first else self._next()
            taken_bytes += _bytes(message)
            batch.append(message)
        return batch

    def _next(self) -> Message:
        message = self._waiting.popitem(last=False)[1]
        self._waiting_bytes -= _bytes(message)
        return message


def stream_value(message: Message, quality_now: QualityNow = as_stated) -> StreamValue:
    """What a stream says of one message; an empty payload clears the topic and is GoodNoData."""
    sample = decode_sample(message.payload, message.received_ms)
    if sample is not None:
        quality = quality_now(message, sample.quality)
        return StreamValue(message.topic, sample.value, quality, format_timestamp(sample.timestamp_ms))
    received = format_timestamp(message.received_ms)
    if not message.payload:
        return StreamValue(message.topic, None, Quality.GOOD_NO_DATA, received)
    return StreamValue(message.topic, None, None, received, payload_text(message.payload, MAX_PAYLOAD_BYTES))


def overlap(one: str, other: str) -> bool:
    """May some topic match both filters?"""
    for left, right in zip_longest(one.split("/"), other.split("/")):
        if "#" in (left, right):
            return True
        if left is None or right is None or (left != right and "+" not in (left, right)):
            return False
    return True


def _bytes(message: Message) -> int:
    return len(message.topic) + len(message.payload)


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + encode(data) + b"\n\n"


async def _within(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for the event; False when the time is up first."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
