"""How much may one client, and all of them, ask of the broker?"""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the broker. Sizes in bytes, times in seconds; each has a counter in `Stats`."""

    max_packet_bytes: int = 1_048_576
    connect_timeout_s: int = 10
    max_connections: int = 10_000
    max_topic_levels: int = 32
    max_subscriptions_per_client: int = 10_000
    receive_maximum: int = 100
    """QoS 2 messages a client may leave unreleased, and QoS 1/2 messages on their way to it."""
    max_queued_messages: int = 10_000
    max_queued_bytes: int = 16_777_216
    """What waits for one session; past either, the oldest message is shed and counted."""
    max_unsent_bytes: int = 8_388_608
    """What waits for one slow connection; past it, QoS 0 is shed and counted."""
    max_topics: int = 1_000_000
    topic_alias_maximum: int = 100
    """Per connection and direction."""
    max_keep_alive_s: int = 3600
    """Granted to a client that asks for none or for more (MQTT 5 Server Keep Alive); 0 leaves its wish alone."""
    session_expiry_max_s: int = 7 * 86_400
