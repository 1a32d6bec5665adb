"""How does a test wait for something it does not control? By asking again until a deadline."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 15.0
PAUSE_S = 0.02
PAUSE_ASYNC_S = 0.005


def until(ask: Callable[[], T], what: str, within_s: float = DEADLINE_S) -> T:
    """The first truthy answer of `ask`; AssertionError, naming `what` and the last answer, past the deadline."""
    deadline = time.monotonic() + within_s
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what} (last: {found!r})")
        time.sleep(PAUSE_S)


async def until_async(ask: Callable[[], T], within_s: float = DEADLINE_S) -> T:
    """The same while the event loop runs; at least one turn of it passes, unless the answer is there already."""
    deadline = time.monotonic() + within_s
    while True:
        found = ask()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition did not come true within {within_s:g} s (last: {found!r})")
        await asyncio.sleep(PAUSE_ASYNC_S)
