"""How does a host application tell the edge nodes that it is online? (Sparkplug B 3.0, sections 5.5 and 6.4.26)

A JSON document on `spBv1.0/STATE/<host id>`, QoS 1, retained: `{"online":true,"timestamp":1790000000000}`.
"""

import msgspec

from uns.link import Message, Will
from uns.sparkplug.primary import StateDocument
from uns.sparkplug.topic import state_topic


class HostState:
    """The STATE messages of one host. Raises UnsError `sparkplug.topic` for an id that cannot stand in a topic."""

    def __init__(self, host_id: str) -> None:
        self.topic = state_topic(host_id)
        self._session_ms = 0

    def will(self, now_ms: int) -> Will:
        """Begin a session; the will for its CONNECT.

        tck-id-host-topic-phid-death-payload-timestamp-connect, …-death-qos, …-death-retain
        """
        self._session_ms = now_ms
        return Will(self.topic, _encode(False, now_ms), qos=1, retain=True)

    def birth(self) -> Message:
        """Online, with the timestamp of the will (tck-id-host-topic-phid-birth-payload-timestamp)."""
        return Message(self.topic, _encode(True, self._session_ms), qos=1, retain=True)

    def death(self, now_ms: int) -> Message:
        """To publish before a DISCONNECT, with its own time.

        tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean
        """
        return Message(self.topic, _encode(False, now_ms), qos=1, retain=True)

    def foreign(self, payload: bytes) -> bool:
        """Is this STATE, seen on our topic, not the birth of this session?"""
        try:
            return msgspec.json.decode(payload, type=StateDocument) != StateDocument(True, self._session_ms)
        except (msgspec.DecodeError, ValueError):
            return True


def _encode(online: bool, timestamp: int) -> bytes:
    return msgspec.json.encode(StateDocument(online, timestamp))
