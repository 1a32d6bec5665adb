"""What is kept of a message that broke a rule: the record behind the violations list and the quarantine."""

import msgspec

from uns.link import Properties
from uns.policy.verdict import Mode, Verdict


class Violation(msgspec.Struct, frozen=True):
    """One message that the door did not simply accept.

    time_ms: when it was judged, UTC since 1970; verdict: never `accepted`, so its finding is never None.
    client_id, role, address: of the publisher at that moment; mode: of the branch, None when the broker names none.
    """

    time_ms: int
    verdict: Verdict
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None
    client_id: str = ""
    role: str = ""
    address: str = ""
    mode: Mode | None = None
