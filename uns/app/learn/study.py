"""Where do observations come from? Recorded values first, then what stands on the topics now, then live traffic.

Nothing is changed, and nobody waits: history is read in a thread, live messages are taken aside in the broker's turn
and looked at in slices.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from uns.app.counted import counted
from uns.app.govern.foresight import ReadHistory
from uns.app.govern.governor import Governor
from uns.app.govern.live import live_topics
from uns.app.learn.files import write_proposals
from uns.broker import Broker
from uns.clock import Clock
from uns.errors import Finding, UnsError
from uns.link import Link, Message
from uns.policy.impact import LiveTopic
from uns.policy.learn import Learner, Proposals, learn
from uns.topics import matches

MAX_RECORDED = 500_000
MAX_RECORDED_S = 15.0
MAX_LIVE = 2_000_000
"""Messages of one study; past this it ends before its time."""
WAITING = 20_000
WAITING_BYTES = 16 * 1024 * 1024
TICK_S = 0.05
SLICE = 100
SLICE_BYTES = 16_384
"""What is looked at in one turn of the loop: a millisecond of small messages, a few of a large document."""
_LOOK_EVERY = 1000

IsGone = Callable[[], Awaitable[bool]]


class _Tap:
    """What was published and not looked at yet; the oldest give way, and are counted."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._waiting_bytes = 0
        self.shed = 0

    def receive(self, message: Message) -> None:
        if message.retain:
            return  # stood there before
        if message.properties:
            message = msgspec.structs.replace(message, properties=None)  # not looked at, and not to be held
        self._waiting.append(message)
        self._waiting_bytes += _bytes(message)
        while len(self._waiting) > WAITING or (self._waiting_bytes > WAITING_BYTES and len(self._waiting) > 1):
            self.take(1)
            self.shed += 1

    def take(self, count: int) -> list[Message]:
        """The oldest, at most so many and, but for the last, `SLICE_BYTES`."""
        taken: list[Message] = []
        size = 0
        while self._waiting and len(taken) < count and size < SLICE_BYTES:
            taken.append(self._waiting.popleft())
            size += _bytes(taken[-1])
        self._waiting_bytes -= size
        return taken


class Study:
    """Learns for one at a time. link: not opened yet; its role must be allowed to hear everything."""

    def __init__(
        self, broker: Broker, governor: Governor, link: Link, clock: Clock, read_history: ReadHistory | None
    ) -> None:
        self._broker = broker
        self._governor = governor
        self._link = link
        self._clock = clock
        self._read_history = read_history
        self._is_busy = False

    async def run(
        self,
        topic_filter: str,
        *,
        at: str = "",
        last_ms: int | None = None,
        for_ms: int | None = None,
        is_gone: IsGone | None = None,
    ) -> Proposals:
        """What the topics of a filter would need to have a place and a contract, and what that makes of the files.

        at: where the fixed beginning of the filter belongs, when it is not where it stands. last_ms: look at what was
        recorded in this time. for_ms: listen for so long. is_gone: does nobody wait for the answer any more? Then
        listening ends at once. Raises UnsError: `govern.learning`, and as `write_proposals`.
        """
        if self._is_busy:
            hint = "Wait until it is done."
            raise UnsError(Finding(id="govern.learning", what="the server is learning already.", hint=hint))
        self._is_busy = True
        try:
            return await self._run(topic_filter, at, last_ms, for_ms, is_gone)
        finally:
            self._is_busy = False

    async def _run(
        self, topic_filter: str, at: str, last_ms: int | None, for_ms: int | None, is_gone: IsGone | None
    ) -> Proposals:
        learner, left_out = Learner(), {}
        live = [each for each in await live_topics(self._broker) if matches(topic_filter, each.topic)]
        if last_ms is not None and not await asyncio.to_thread(self._recorded, learner, live, last_ms):
            left_out["histories_not_read_to_the_end"] = 1
        await self._current(learner, live)
        if for_ms is not None:
            shed = await self._listen(learner, topic_filter, for_ms, is_gone)
            if shed:
                left_out["live_messages_shed"] = shed
        move = (_fixed(topic_filter), at) if at else ("", "")
        origin = (
            f"{counted(learner.messages, 'message')} on {counted(len(learner.profiles), 'topic')} of {topic_filter}"
        )

        def propose() -> Proposals:
            learned = learn(learner, self._governor.plant.namespace, move)
            learned = msgspec.structs.replace(learned, left_out=learned.left_out | left_out)
            return write_proposals(learned, self._governor.plant, origin)

        return await asyncio.to_thread(propose)

    def _recorded(self, learner: Learner, live: Iterable[LiveTopic], last_ms: int) -> bool:
        """Take in what history kept; False when there was more than fits. The shape is that of the payload now."""
        if self._read_history is None:
            return True
        payloads = {each.topic: each.payload for each in live}
        now_ms, until_s, read = self._clock.wall_ms(), time.monotonic() + MAX_RECORDED_S, 0
        for topic, samples in self._read_history(payloads, now_ms - last_ms, now_ms):
            bare = not payloads[topic].lstrip().startswith(b"{")
            for sample in samples:
                learner.observe_value(topic, sample.value, sample.timestamp_ms, bare=bare)
                read += 1
                if read >= MAX_RECORDED or (read % _LOOK_EVERY == 0 and time.monotonic() >= until_s):
                    return False
        return True

    async def _current(self, learner: Learner, live: Iterable[LiveTopic]) -> None:
        count = size = 0
        for each in live:
            learner.observe(each.topic, each.payload, None)
            count, size = count + 1, size + len(each.payload)
            if count >= SLICE or size >= SLICE_BYTES:
                count = size = 0
                await asyncio.sleep(0)

    async def _listen(self, learner: Learner, topic_filter: str, for_ms: int, is_gone: IsGone | None) -> int:
        """Look at what is published for a time; how many messages came too fast for that."""
        tap, seen, turns = _Tap(), 0, 0
        until_ms = self._clock.monotonic_ms() + for_ms
        self._link.open()
        try:
            self._link.subscribe(topic_filter, tap.receive)
            while (left_ms := until_ms - self._clock.monotonic_ms()) > 0 and seen < MAX_LIVE:
                await asyncio.sleep(min(TICK_S, left_ms / 1000))
                while seen < MAX_LIVE and (messages := tap.take(SLICE)):
                    for message in messages:
                        learner.observe(message.topic, message.payload, message.received_ms)
                    seen += len(messages)
                    await asyncio.sleep(0)
                turns += 1
                if is_gone is not None and turns % 20 == 0 and await is_gone():
                    break
        finally:
            self._link.close()
        return tap.shed


def _fixed(topic_filter: str) -> str:
    """The levels before the first wildcard."""
    levels = topic_filter.split("/")
    fixed = next((index for index, level in enumerate(levels) if level in ("+", "#")), len(levels))
    return "/".join(levels[:fixed])


def _bytes(message: Message) -> int:
    return len(message.topic) + len(message.payload)
