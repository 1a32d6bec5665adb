"""What has the broker done since it started?"""

COUNTERS = (
    "bytes_in",
    "bytes_out",
    "connections",
    "connects_refused",
    "expired",
    "messages_in",
    "messages_out",
    "protocol_errors",
    "publishes_refused",
    "queue_shed",
    "receiver_errors",
    "sessions",
    "slow_shed",
    "subscribes_refused",
    "too_large_shed",
    "topics",
    "topics_forgotten",
    "validator_errors",
    "violations",
)


class Stats:
    """Counters that only grow, except `connections`, `sessions` and `topics`, which say how many there are now."""

    __slots__ = COUNTERS

    def __init__(self) -> None:
        for name in COUNTERS:
            setattr(self, name, 0)

    def snapshot(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTERS}

    # One annotation per slot, so that type checkers know them.
    bytes_in: int
    bytes_out: int
    connects_refused: int
    connections: int
    expired: int
    messages_in: int
    messages_out: int
    protocol_errors: int
    publishes_refused: int
    queue_shed: int
    receiver_errors: int
    sessions: int
    slow_shed: int
    subscribes_refused: int
    too_large_shed: int
    topics: int
    topics_forgotten: int
    validator_errors: int
    violations: int
