"""How much may one client, and all of them, ask of the broker?"""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the broker. Sizes in bytes, times in seconds; each has a counter in `Stats`."""

    max_packet_bytes: int = 1_048_576
    connect_timeout_s: int = 10
    max_connections: int = 10_000
    max_connections_per_address: int = 8_000
    """Of one IPv4 address or IPv6 network (/64); below `max_connections`, so that no address takes them all."""
    max_connect_rate: int = 0
    """New connections per second from one address; 0 is unlimited."""
    max_sessions: int = 100_000
    """Sessions, connected or waiting; past it no session is made that outlives its connection."""
    max_client_id_bytes: int = 256
    """Of UTF-8. It stands in log lines, violations and on disk; the standard wants 23 and more (MQTT-3.1.3-5)."""
    max_topic_levels: int = 32
    max_topic_bytes: int = 65_535
    max_user_properties: int = 1000
    max_user_property_bytes: int = 65_536
    """Of one packet that is passed on or kept."""
    max_subscriptions_per_client: int = 10_000
    max_subscription_identifiers: int = 1000
    """Of one session, at filters with wildcards: a message carries those of all that match it (MQTT-3.3.4-4)."""
    receive_maximum: int = 100
    """QoS 2 messages a client may leave unreleased, and QoS 1/2 messages on their way to it."""
    max_queued_messages: int = 10_000
    max_queued_bytes: int = 16_777_216
    """What waits for one session; past either, the oldest message is shed and counted."""
    max_queued_total_bytes: int = 268_435_456
    """What waits for all sessions; past it the fullest queues lose their oldest half."""
    max_unsent_bytes: int = 8_388_608
    """What waits for one slow connection; past it, QoS 0 is shed and counted."""
    max_topics: int = 1_000_000
    max_retained_messages: int = 1_000_000
    max_retained_bytes: int = 536_870_912
    max_memory_bytes: int = 1_073_741_824
    """All that is held for clients; see `budget`."""
    max_publish_rate: int = 0
    """Messages per second of one client; past it the client is read more slowly; 0 is unlimited."""
    max_publish_bytes_rate: int = 0
    topic_alias_maximum: int = 100
    """Per connection and direction."""
    max_keep_alive_s: int = 3600
    """Granted to a client that asks for none or for more (MQTT 5 Server Keep Alive); 0 leaves its wish alone."""
    session_expiry_max_s: int = 7 * 86_400
    will_grace_s: int = 30
    """How long clients have to come back after a crash of the broker before their wills are published."""
