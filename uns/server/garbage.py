"""How is the cyclic garbage collector kept from stopping the loop?

A broker keeps much and leaves few cycles: a full collection would look at a million retained messages to find nothing,
and hold up every client for half a second. So young objects are collected as always, in larger portions, and what
survives twice is frozen: no collection of the young looks at it again. MQTT connections and sessions make no cycles (a
test holds that), but HTTP does, and what dies frozen would pile up over months: so `sweep` looks at everything now and
then, the more rarely the longer it takes.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

YOUNG_OBJECTS = 20_000
"""Between two collections of the young; the default of 700 costs a broker several percent."""
YOUNG_ROUNDS = 2
"""Rounds until the survivors are looked at once more, and frozen: some 60,000 objects, about 10 ms."""

SWEEP_S = 3600.0
SWEEP_SHARE = 10_000


@contextmanager
def paused() -> Iterator[None]:
    """While much is made that stays, such as a million retained messages read from disk."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def set_aside() -> Iterator[None]:
    """While a thread makes much that stays, beside a loop that must not wait: nothing of it is looked at, now or by a
    later collection of the young."""
    with paused():
        yield
        gc.freeze()


@contextmanager
def tamed() -> Iterator[None]:
    """Enter when everything is started. Afterwards all is as it was."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS)
    gc.callbacks.append(_freeze_survivors)
    try:
        yield
    finally:
        gc.callbacks.remove(_freeze_survivors)
        gc.set_threshold(*before)
        gc.unfreeze()


async def sweep(every_s: float = SWEEP_S) -> None:
    """Find the cycles that died frozen, again and again until cancelled; at most a ten-thousandth of the time."""
    pause_s = every_s
    while True:
        await asyncio.sleep(pause_s)
        started = time.monotonic()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        pause_s = max(every_s, (time.monotonic() - started) * SWEEP_SHARE)


def _freeze_survivors(phase: str, info: dict[str, Any]) -> None:
    if phase == "stop" and info["generation"] > 0:
        gc.freeze()
