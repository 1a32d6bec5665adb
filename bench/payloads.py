"""What is published? Frames made before the clock runs, of equal length, and no payload twice in a pool.

A broker that kept the verdict or the encoding of a payload would gain nothing: value and timestamp vary from message to
message, and a pool goes round only after tens of thousands of them.
"""

from functools import lru_cache

from uns.mqtt import Publish, encode

CHUNK_MESSAGES = 1000
CHUNKS = 86
"""86,000 messages: a day has 86,400 seconds, so each payload is there once."""
IDS = 50_000
"""Packet ids of the QoS 1 pool, 1 to this."""
PAYLOAD_BYTES = 50
CELLS, ATTRIBUTES = 10, 10

GOVERNED = tuple(
    f"acme/ghent/press/line1/cell{cell}/temp{number}" for cell in range(CELLS) for number in range(ATTRIBUTES)
)
OPEN = tuple(f"acme/ghent/_raw/line1/cell{cell}/value{number}" for cell in range(CELLS) for number in range(ATTRIBUTES))


def payload(index: int) -> bytes:
    """Fifty bytes of JSON; one of its own for each of the 86,400 first indices."""
    seconds = index % 86_400
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    value = 10 + index * 7 % 900 / 10
    return f'{{"value":{value:.1f},"timestamp":"2026-11-22T{clock}Z"}} '.encode()


@lru_cache(maxsize=4)
def qos0_chunks(
    topics: tuple[str, ...], messages: int = CHUNK_MESSAGES, chunks: int = CHUNKS
) -> tuple[list[bytes], int]:
    """(chunks of so many messages each, bytes per frame), the topics in turn. Raises ValueError for unequal lengths."""
    pool = [encode(Publish(topics[index % len(topics)], payload(index)), 4) for index in range(messages * chunks)]
    length = _equal_length(pool)
    return [b"".join(pool[first : first + messages]) for first in range(0, len(pool), messages)], length


@lru_cache(maxsize=4)
def qos1_stream(topics: tuple[str, ...]) -> tuple[bytes, int]:
    """(frames with the packet ids 1 to IDS one after the other, bytes per frame), the topics in turn."""
    pool = [
        encode(Publish(topics[index % len(topics)], payload(index), 1, packet_id=index + 1), 4) for index in range(IDS)
    ]
    return b"".join(pool), _equal_length(pool)


def packet_id_at(topic: str) -> int:
    """Where in such a QoS 1 frame its packet id stands."""
    return 2 + 2 + len(topic)


def _equal_length(pool: list[bytes]) -> int:
    lengths = set(map(len, pool))
    if len(lengths) != 1:
        raise ValueError(f"the frames must have equal lengths, these have {sorted(lengths)}")
    return lengths.pop()
