"""What does an edge node say, byte for byte? A recording of its messages, to be looked at or played again in a test."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any

from uns.broker import Broker
from uns.link import Message
from uns.samples import format_timestamp

MAX_MESSAGES = 10_000
MAX_BYTES = 4 * 1024 * 1024
CLIENT_ID = "sparkplug-recorder"
LOOK_S = 0.5


class Recording:
    """The messages on a topic filter, oldest first. full: it ended because there was no more room."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.full = False
        self._bytes = 0

    def receive(self, message: Message) -> None:
        if message.retain:
            return  # from before the recording
        self._bytes += len(message.payload)
        if len(self.messages) >= MAX_MESSAGES or self._bytes > MAX_BYTES:
            self.full = True
        else:
            self.messages.append(message)


async def record(
    broker: Broker,
    topic_filter: str,
    seconds: float,
    begun: Callable[[], object],
    is_gone: Callable[[], Awaitable[bool]],
) -> Recording:
    """Record for so long, or until there is no room or nobody waits any more. begun: called once it listens."""
    recording = Recording()
    client = broker.local(CLIENT_ID)
    client.open(None)
    client.subscribe(topic_filter, recording.receive)
    try:
        begun()
        for _ in range(ceil(seconds / LOOK_S)):
            await asyncio.sleep(min(LOOK_S, seconds))
            if recording.full or await is_gone():
                break
    finally:
        client.close(send_will=False)
    return recording


def fields(message: Message) -> dict[str, Any]:
    """A message as JSON."""
    return {
        "time": format_timestamp(message.received_ms),
        "topic": message.topic,
        "client": message.publisher,
        "qos": message.qos,
        "payload": b64encode(message.payload).decode(),
    }
