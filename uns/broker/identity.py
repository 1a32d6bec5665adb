"""Who is talking to the broker?"""

from collections.abc import Callable

import msgspec

from uns.errors import Finding


class Publisher(msgspec.Struct, frozen=True):
    """Who offers a message. `protocol` is for people: `MQTT 5.0`, `MQTT 3.1.1`, `internal`, `HTTP`."""

    client_id: str
    role: str
    address: str = ""
    protocol: str = "internal"


class Credentials(msgspec.Struct, frozen=True):
    """What a CONNECT says of its sender. `address` is `host:port`."""

    client_id: str
    username: str | None
    password: bytes | None
    address: str


Answer = Callable[[str | Finding], None]
"""Takes the role granted, or why none is."""

Authenticate = Callable[[Credentials, Answer], None]
"""Answers at once or later, exactly once; the connection waits and keeps what arrives meanwhile."""


def trust_everyone(_: Credentials, answer: Answer) -> None:
    """Anybody is admin: for a broker that only tests or benchmarks can reach."""
    answer("admin")
