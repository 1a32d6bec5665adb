"""Who is talking to the broker?"""

from collections.abc import Callable

import msgspec

from uns.errors import Finding

ASSIGNED_PREFIX = "auto-"
"""What the client ids begin with that the broker makes for clients that bring none."""


class Publisher(msgspec.Struct, frozen=True):
    """Who offers a message. `protocol` is for people: `MQTT 5.0`, `MQTT 3.1.1`, `internal`, `HTTP`."""

    client_id: str
    role: str
    address: str = ""
    protocol: str = "internal"


class Credentials(msgspec.Struct, frozen=True):
    """What a CONNECT says of its sender. `address` is `host:port`. certified: the user that a verified certificate
    names, which then counts instead of user name and password; None where none is asked to."""

    client_id: str
    username: str | None
    password: bytes | None
    address: str
    certified: str | None = None


class Granted(msgspec.Struct, frozen=True):
    """Who a client proved to be. A session belongs to its user; the role says what the user may do."""

    user: str
    role: str


Answer = Callable[[Granted | Finding], None]
"""Takes who it is, or why nobody may come in."""

Authenticate = Callable[[Credentials, Answer], None]
"""Answers at once or later, exactly once; the connection waits and keeps what arrives meanwhile."""

Blocked = Callable[[str, str, str], str]
"""Why a client id, user (empty before anybody logged in) or host may not come in, or "". Returns at once."""


def nobody_is_blocked(client_id: str, user: str, host: str) -> str:
    """Every client may come in that is granted it."""
    return ""


def trust_everyone(_: Credentials, answer: Answer) -> None:
    """Anybody is admin: for a broker that only tests or benchmarks can reach."""
    answer(Granted("anybody", "admin"))
