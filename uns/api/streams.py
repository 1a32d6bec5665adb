"""Which streams are open, and how do they all end?"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from functools import lru_cache

from uns.api.platform import Identity
from uns.api.stream import ValueStream
from uns.broker import Broker
from uns.errors import Finding, UnsError
from uns.link import Message
from uns.samples import Quality, aged

MAX_STREAMS = 256
"""Browsers and consumers at once; each holds a buffer of at most `stream.BUFFERED` messages and `BUFFERED_BYTES`."""
MAX_TOPICS_KNOWN = 65_536
STEP = 32
"""Filters whose rights are looked up at once."""


class Streams:
    """The open streams of one server. max_age_of: the `max_age_ms` of a topic's attribute, None when it has none.
    `dropped` counts what all of them have shed, also those that have ended."""

    def __init__(self, broker: Broker, max_age_of: Callable[[str], int | None] = lambda topic: None) -> None:
        self._broker = broker
        self._max_age_of = lru_cache(MAX_TOPICS_KNOWN)(max_age_of)
        self._open: dict[ValueStream, Identity] = {}
        self._opened = 0
        self._dropped_before = 0
        self._closed = False

    def judge_ages(self, max_age_of: Callable[[str], int | None]) -> None:
        """Another policy says how old a value may get; the open streams follow."""
        self._max_age_of = lru_cache(MAX_TOPICS_KNOWN)(max_age_of)

    def review(self, may_read: Callable[[str, str], bool], role_of: Callable[[str], str | None]) -> None:
        """Another policy: no stream goes on with a filter that its user may not read any more. All are held at once,
        then looked through in steps.

        may_read: of a role and a filter. role_of: the role that a user has now, None for one who may no longer log in.
        """
        streams, review = list(self._open.items()), object()
        for stream, _ in streams:
            stream.hold(review)

        def steps() -> Iterator[None]:
            for stream, who in streams:
                role, lost = role_of(who.user), []
                for number, topic_filter in enumerate(stream.filters, start=1):
                    if role is None or not may_read(role, topic_filter):
                        lost.append(topic_filter)
                    if number % STEP == 0:
                        yield
                stream.release(review, lost)
                yield

        self._broker.turns.in_steps(steps())

    def __len__(self) -> int:
        return len(self._open)

    @property
    def dropped(self) -> int:
        return self._dropped_before + sum(stream.dropped for stream in self._open)

    @property
    def buffered(self) -> int:
        """Messages that wait for their clients."""
        return sum(stream.buffered for stream in self._open)

    def open(
        self, filters: Sequence[str], interval_ms: int, who: Identity, refused: Sequence[str] = ()
    ) -> AsyncGenerator[bytes, None]:
        """The events of a new stream; it leaves the broker when the iteration ends or is abandoned.

        refused: filters that the role may not read, of which the client is told.

        Raises UnsError: `quota.streams` when too many are open, `unreachable.stopping` when the server shuts down.
        """
        if self._closed:
            raise UnsError(Finding(id="unreachable.stopping", what="the server is shutting down.", hint="Try again."))
        if len(self._open) >= MAX_STREAMS:
            raise UnsError(
                Finding(
                    id="quota.streams",
                    what=f"{MAX_STREAMS} streams are open already.",
                    hint="Close one; one stream takes many filters.",
                )
            )
        return self._events(ValueStream(filters, interval_ms, self._quality_now, refused), who)

    async def _events(self, stream: ValueStream, who: Identity) -> AsyncGenerator[bytes, None]:
        self._opened += 1
        client = self._broker.local(f"http-stream-{self._opened}", who.role, "HTTP")
        self._open[stream] = who
        try:
            stream.subscribe(client)
            async for event in stream.events():
                yield event
        finally:
            client.close(send_will=False)
            self._open.pop(stream, None)
            self._dropped_before += stream.dropped

    def _quality_now(self, message: Message, quality: Quality) -> Quality:
        return aged(quality, message.received_ms, self._max_age_of(message.topic), self._broker.clock.wall_ms())

    def close(self) -> None:
        """End every stream and open no more: the server is shutting down."""
        self._closed = True
        for stream in list(self._open):
            stream.close()
