"""When is freed memory given back to the system?

After a flood glibc keeps what was freed for the next one: 150 MB of queued messages of 20 kB stay resident when they
are gone. `malloc_trim` returns them. It takes a few milliseconds per 50 MB, so a thread calls it, and only when what
the broker holds has fallen far enough. Elsewhere than on glibc nothing is done.
"""

import asyncio
import ctypes
from collections.abc import Callable

FALL_BYTES = 33_554_432
"""How far what the broker holds must have fallen since the last time."""
LOOK_S = 2.0

GiveBack = Callable[[], object]


class Tide:
    """The highest water since memory was given back last."""

    def __init__(self) -> None:
        self._high_bytes = 0

    def has_fallen(self, held_bytes: int) -> bool:
        """Is it time to give memory back? Then the measure begins anew."""
        self._high_bytes = max(self._high_bytes, held_bytes)
        if self._high_bytes - held_bytes < FALL_BYTES:
            return False
        self._high_bytes = held_bytes
        return True


def malloc_trim() -> GiveBack | None:
    """glibc's; None where there is none."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another libc; Windows has no library without a name
        return None
    return lambda: trim(0)


async def give_memory_back(held_bytes: Callable[[], int]) -> None:
    """Look again and again until cancelled."""
    trim, tide = malloc_trim(), Tide()
    while trim is not None:
        await asyncio.sleep(LOOK_S)
        if tide.has_fallen(held_bytes()):
            await asyncio.to_thread(trim)
