"""What has the broker done since it started?"""

COUNTERS = (
    "bytes_in",
    "bytes_out",
    "connections",
    "connections_opened",
    "connects",
    "connects_refused",
    "control_bytes_in",
    "control_bytes_out",
    "control_in",
    "control_out",
    "expired",
    "messages_in",
    "messages_out",
    "protocol_errors",
    "publishes_refused",
    "publishes_unkept",
    "queue_shed",
    "receiver_errors",
    "retained",
    "retained_bytes",
    "sessions",
    "sessions_connected",
    "sessions_expired",
    "sessions_maximum",
    "slow_shed",
    "subscribes_refused",
    "too_large_shed",
    "topics",
    "topics_forgotten",
    "validator_errors",
    "violations",
)


class Stats:
    """Counters that only grow, except `connections`, `sessions`, `sessions_connected`, `topics`, `retained` and
    `retained_bytes`, which say how many there are now, and `sessions_maximum`, the most that were connected at once.

    control: packets that are no PUBLISH.
    """

    __slots__ = COUNTERS

    def __init__(self) -> None:
        for name in COUNTERS:
            setattr(self, name, 0)

    def snapshot(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTERS}

    # One annotation per slot, so that type checkers know them.
    bytes_in: int
    bytes_out: int
    connections: int
    connections_opened: int
    connects: int
    connects_refused: int
    control_bytes_in: int
    control_bytes_out: int
    control_in: int
    control_out: int
    expired: int
    messages_in: int
    messages_out: int
    protocol_errors: int
    publishes_refused: int
    publishes_unkept: int
    queue_shed: int
    receiver_errors: int
    retained: int
    retained_bytes: int
    sessions: int
    sessions_connected: int
    sessions_expired: int
    sessions_maximum: int
    slow_shed: int
    subscribes_refused: int
    too_large_shed: int
    topics: int
    topics_forgotten: int
    validator_errors: int
    violations: int
