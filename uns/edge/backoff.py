"""How long to wait before the next attempt?"""

from random import Random

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """Doubling from `first_s` to `most_s`. The half of it is random, so that many sources do not return as one."""

    first_s: float = 1.0
    most_s: float = 30.0

    def delay_s(self, attempt: int, random: Random) -> float:
        """attempt: 0 for the first failure in a row."""
        full = min(self.most_s, self.first_s * 2.0 ** min(attempt, 30))
        return full / 2 + random.random() * full / 2
