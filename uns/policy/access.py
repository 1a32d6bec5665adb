"""Who may publish and subscribe what, and who may govern? Roles with topic filters, users, what an anonymous client is.

Pure: passwords are named here and verified elsewhere.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from uns.errors import Finding, shorten
from uns.registry.document import listed
from uns.sparkplug.aware import CERTIFICATES
from uns.sparkplug.topic import is_state
from uns.topics import TopicTrie, covers, parse_share

INTERNAL = "internal"
"""Parts of the platform itself: adapters, the projection of the Sparkplug host, replays."""

ADMIN = "admin"


class Role(msgspec.Struct, frozen=True):
    """publish, subscribe: topic filters. govern: may change what the namespace takes, and decide about violations."""

    name: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    description: str = ""
    govern: bool = False


class User(msgspec.Struct, frozen=True):
    """One login. Exactly one of the four says what it logs in with: where its argon2 hash (or, in a file or variable,
    password) is, or that it has none and comes with a certificate."""

    name: str
    role: str
    password_hash: str = ""
    password_file: str = ""
    password_env: str = ""
    certificate: bool = False


class Origin(StrEnum):
    """From where a client may come without a user name."""

    LOOPBACK = "loopback"
    ANYWHERE = "anywhere"


class Anonymous(msgspec.Struct, frozen=True):
    """The role of clients that name no user."""

    role: str
    origin: Origin = Origin.LOOPBACK


EVERYTHING = ("#", "$SYS/#", "$uns/#", "$sparkplug/#")

BUILT_IN = (
    Role(INTERNAL, publish=("#",), subscribe=EVERYTHING),
    Role(
        ADMIN,
        publish=("#",),
        subscribe=EVERYTHING,
        description="Everything a client can do.",
        govern=True,
    ),
)


class Access:
    """The compiled content of access.yaml, with the roles `internal` and `admin` built in. It never changes."""

    def __init__(
        self, roles: Iterable[Role] = (), users: Iterable[User] = (), anonymous: Anonymous | None = None
    ) -> None:
        self.roles = {role.name: role for role in (*BUILT_IN, *roles)}
        self.users = {user.name: user for user in users}
        self.anonymous = anonymous
        self._publish: TopicTrie[set[str]] = TopicTrie()
        for role in self.roles.values():
            for topic_filter in role.publish:
                names = self._publish.get(topic_filter)
                if names is None:
                    self._publish.set(topic_filter, {role.name})
                else:
                    names.add(role.name)

    def publishers(self, topic: str) -> frozenset[str]:
        """The roles that may publish on a topic. On `$` topics only the platform publishes, on a host's STATE only
        the platform and administrators."""
        if topic.startswith("$"):
            return frozenset((INTERNAL,))
        if is_state(topic):
            return frozenset((INTERNAL, ADMIN))
        return frozenset(name for names in self._publish.matching(topic) for name in names)

    def may_subscribe(self, role: str, topic_filter: str) -> Finding | None:
        """None when one filter of the role covers the requested one; `$share/GROUP/` is looked through. Who may hear
        births of Sparkplug may have those that are kept."""
        try:
            _, asked = parse_share(topic_filter)
        except ValueError as error:
            return Finding(id="access.subscribe", what=f"{error}.", hint="Write $share/GROUP/FILTER.")
        known = self.roles.get(role)
        allowed = known.subscribe if known is not None else ()
        births = asked.removeprefix(CERTIFICATES)
        if any(permits(wide, births) for wide in allowed):
            return None
        may = listed(allowed) or "nothing"
        return Finding(
            id="access.subscribe",
            what=f"role '{role}' may not subscribe to '{shorten(topic_filter)}' (it may: {may}).",
            hint="Ask for a narrower filter, or add it to this role's subscribe list in access.yaml.",
        )

    def may_govern(self, role: str) -> Finding | None:
        """None when the role may change what the namespace takes: apply files, act on violations, block clients."""
        known = self.roles.get(role)
        if known is not None and known.govern:
            return None
        may = listed(role.name for role in self.roles.values() if role.govern)
        return Finding(
            id="access.govern",
            what=f"role '{role}' may not govern (these may: {may}).",
            hint="Log in as a user whose role may, or write `govern: true` at this role in access.yaml.",
        )


def permits(allowed: str, asked: str) -> bool:
    """Does an allowed filter cover the one asked for? A wildcard at its top reaches no `$` topic (MQTT-4.7.2-1)."""
    if asked[:1] == "$" and allowed[:1] in ("#", "+"):
        return False
    return covers(allowed, asked)
