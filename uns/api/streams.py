"""Which streams are open, and how do they all end?"""

from collections.abc import AsyncGenerator, Sequence

from uns.api.stream import ValueStream
from uns.broker import Broker
from uns.errors import Finding, UnsError

MAX_STREAMS = 256
"""Browsers and consumers at once; each holds a buffer of at most `stream.BUFFERED` messages."""


class Streams:
    """The open streams of one server. `dropped` counts what all of them have shed, also those that have ended."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._open: set[ValueStream] = set()
        self._opened = 0
        self._dropped_before = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def dropped(self) -> int:
        return self._dropped_before + sum(stream.dropped for stream in self._open)

    @property
    def buffered(self) -> int:
        """Messages that wait for their clients."""
        return sum(stream.buffered for stream in self._open)

    def open(self, filters: Sequence[str], interval_ms: int, role: str) -> AsyncGenerator[bytes, None]:
        """The events of a new stream; it leaves the broker when the iteration ends or is abandoned.

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
        return self._events(ValueStream(filters, interval_ms), role)

    async def _events(self, stream: ValueStream, role: str) -> AsyncGenerator[bytes, None]:
        self._opened += 1
        client = self._broker.local(f"http-stream-{self._opened}", role, "HTTP")
        self._open.add(stream)
        try:
            stream.subscribe(client)
            async for event in stream.events():
                yield event
        finally:
            client.close(send_will=False)
            self._open.discard(stream)
            self._dropped_before += stream.dropped

    def close(self) -> None:
        """End every stream and open no more: the server is shutting down."""
        self._closed = True
        for stream in list(self._open):
            stream.close()
