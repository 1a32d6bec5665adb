"""Is the primary host there? What an edge node makes of STATE messages (Sparkplug B 3.0, sections 5.4 and 6.4.26)."""

from enum import Enum

import msgspec

from uns.sparkplug.topic import state_topic


class StateDocument(msgspec.Struct, frozen=True):
    """The payload of STATE. online, and since when: UTC milliseconds since 1970."""

    online: bool
    timestamp: int


_decode = msgspec.json.Decoder(StateDocument).decode


class HostPresence(Enum):
    """What is known of a host application on this server."""

    UNKNOWN = "unknown"  # nothing was heard yet
    ONLINE = "online"
    OFFLINE = "offline"


class PrimaryHost:
    """One host application, followed through one MQTT session. Raises UnsError `sparkplug.topic` for an impossible id.

    A STATE that is older than the one before says nothing; the first is always believed
    (tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp,
    tck-id-operational-behavior-edge-node-termination-host-offline-timestamp).
    """

    def __init__(self, host_id: str) -> None:
        self.host_id = host_id
        self.topic = state_topic(host_id)
        self.presence = HostPresence.UNKNOWN
        self._latest_ms: int | None = None

    def receive(self, payload: bytes) -> bool:
        """Take a STATE of its topic; True when its presence is another one now. What is no STATE is ignored."""
        try:
            state = _decode(payload)
        except (msgspec.DecodeError, ValueError):
            return False
        if self._latest_ms is not None and state.timestamp < self._latest_ms:
            return False
        self._latest_ms = state.timestamp
        before, self.presence = self.presence, HostPresence.ONLINE if state.online else HostPresence.OFFLINE
        return self.presence is not before
