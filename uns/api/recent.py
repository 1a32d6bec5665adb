"""Which payloads were sent on some topics lately? From the history, and the current value of each."""

from collections.abc import Iterator, Sequence

from uns.api.platform import HistoryReader
from uns.broker import Broker
from uns.samples import encode_sample

MAX_TOPICS = 200
MAX_SAMPLES = 100
"""Of each topic: 20,000 messages in all, about a tenth of a second."""


def recent_payloads(
    broker: Broker, history: HistoryReader | None, topics: Sequence[str], start_ms: int, end_ms: int
) -> Iterator[tuple[str, bytes]]:
    """(topic, payload), at most `MAX_TOPICS` times `MAX_SAMPLES`. Blocks on the disk: call it in a thread.

    What the history has is what was taken: the value, its quality and its time, not the bytes. The current payload of a
    topic counts where the history has nothing, as for documents, which are not recorded.
    """
    for topic in topics[:MAX_TOPICS]:
        points = history(topic, start_ms, end_ms, MAX_SAMPLES, "").points if history is not None else ()
        for sample in points:
            yield topic, encode_sample(sample)
        current = broker.current(topic) if not points else None
        if current is not None and current.payload:
            yield topic, current.payload
