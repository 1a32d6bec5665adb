"""What has the broker done since it started?"""

COUNTERS = (
    "bytes_in",
    "bytes_out",
    "client_bytes",
    "connect_timeouts",
    "connections",
    "connections_opened",
    "connects",
    "connects_blocked",
    "connects_refused",
    "control_bytes_in",
    "control_bytes_out",
    "control_in",
    "control_out",
    "current_bytes",
    "expired",
    "keep_alive_timeouts",
    "memory_bytes",
    "memory_cut",
    "memory_refused",
    "messages_in",
    "messages_moved",
    "messages_out",
    "protocol_errors",
    "publishes_refused",
    "publishes_unkept",
    "queue_shed",
    "queued_bytes",
    "quota_refused",
    "reads_slowed",
    "receiver_errors",
    "retained",
    "retained_bytes",
    "retained_refused",
    "sessions",
    "sessions_connected",
    "sessions_expired",
    "sessions_maximum",
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


class Stats:
    """Counters that only grow.

    How much there is now say `connections`, `sessions`, `sessions_connected`, `topics`, `retained`, `retained_bytes`,
    `current_bytes` (names of topics that retain nothing, large values that are not retained), `client_bytes` (sessions,
    their names and filters, topic aliases and wills), and as of the last look of `budget` `queued_bytes`,
    `unsent_bytes`, `unfinished_bytes` and `memory_bytes`.
    sessions_maximum: the most that were connected at once.
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
    client_bytes: int
    connect_timeouts: int
    connections: int
    connections_opened: int
    connects: int
    connects_blocked: int
    connects_refused: int
    control_bytes_in: int
    control_bytes_out: int
    control_in: int
    control_out: int
    current_bytes: int
    expired: int
    keep_alive_timeouts: int
    memory_bytes: int
    memory_cut: int
    memory_refused: int
    messages_in: int
    messages_moved: int
    messages_out: int
    protocol_errors: int
    publishes_refused: int
    publishes_unkept: int
    queue_shed: int
    queued_bytes: int
    quota_refused: int
    reads_slowed: int
    receiver_errors: int
    retained: int
    retained_bytes: int
    retained_refused: int
    sessions: int
    sessions_connected: int
    sessions_expired: int
    sessions_maximum: int
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
