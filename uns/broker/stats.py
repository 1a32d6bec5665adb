"""What has the broker done since it started?"""


class Stats:
    """Counters that only grow; but how much there is now: `connections`, `sessions`, `topics`, `retained`,
    `retained_bytes`, and as of the last look of `budget`: `queued_bytes`, `unsent_bytes`, `unfinished_bytes`,
    `memory_bytes`."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "connect_timeouts",
        "connections",
        "connects_refused",
        "expired",
        "keep_alive_timeouts",
        "memory_bytes",
        "memory_cut",
        "memory_refused",
        "messages_in",
        "messages_out",
        "protocol_errors",
        "publishes_refused",
        "queue_shed",
        "queued_bytes",
        "quota_refused",
        "reads_slowed",
        "receiver_errors",
        "retained",
        "retained_bytes",
        "retained_refused",
        "sessions",
        "sessions_refused",
        "slow_shed",
        "subscribes_refused",
        "subscriptions_over_quota",
        "too_large_shed",
        "topics",
        "topics_forgotten",
        "unfinished_bytes",
        "unsent_bytes",
        "validator_errors",
        "violations",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    def snapshot(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}

    # One annotation per slot, so that type checkers know them.
    bytes_in: int
    bytes_out: int
    connect_timeouts: int
    connections: int
    connects_refused: int
    expired: int
    keep_alive_timeouts: int
    memory_bytes: int
    memory_cut: int
    memory_refused: int
    messages_in: int
    messages_out: int
    protocol_errors: int
    publishes_refused: int
    queue_shed: int
    queued_bytes: int
    quota_refused: int
    reads_slowed: int
    receiver_errors: int
    retained: int
    retained_bytes: int
    retained_refused: int
    sessions: int
    sessions_refused: int
    slow_shed: int
    subscribes_refused: int
    subscriptions_over_quota: int
    too_large_shed: int
    topics: int
    topics_forgotten: int
    unfinished_bytes: int
    unsent_bytes: int
    validator_errors: int
    violations: int
