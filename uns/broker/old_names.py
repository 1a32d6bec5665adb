"""Which topics are old names of others, who still publishes on them, and what do those hear who ask for them?

Part of the door. The aliases stand in the policy; one that has ended is none.
"""

from collections.abc import Collection, Iterator

from uns.broker.refusals import marked
from uns.broker.retaining import Retaining
from uns.link import Message, Properties
from uns.policy.alias import PathAlias
from uns.policy.verdict import Admission, Moved
from uns.topics import matches

NAMES_KEPT = 10_000
STEP = 256
CLIENTS_KEPT = 100
"""Per alias; what others publish counts in the total alone."""
MOVED_FROM, MOVED_TO = "uns-moved-from", "uns-moved-to"
"""User properties: the other name of what was published on, or is heard by, an old one."""


class PathUse:
    """How much was published by one alias since the start. last_ms: UTC, 0 for never; clients: messages by client id,
    as far as there is room."""

    __slots__ = ("clients", "last_ms", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.last_ms = 0
        self.clients: dict[str, int] = {}


class OldNames:
    """Of the policy that `renew` was told of last. now_ms: UTC, everywhere."""

    def __init__(self, admission: Admission, retaining: Retaining) -> None:
        self._admission = admission
        self._retaining = retaining
        self._moved: dict[str, Moved] = {}
        self._uses: dict[str, PathUse] = {}

    def renew(self, admission: Admission) -> None:
        """Another policy: an alias that it has too goes on counting."""
        self._admission = admission
        self._moved.clear()
        kept = {alias.old for alias in admission.aliases}
        self._uses = {old: use for old, use in self._uses.items() if old in kept}

    def moved(self, topic: str, now_ms: int) -> Moved | None:
        """What is done with messages on an old name; None when this is none, or is taken no more."""
        found = self._moved.get(topic)
        if found is None and self._admission.aliases.of(topic) is not None:
            found = self._admission.rule(topic).moved
            if found is not None:
                if len(self._moved) >= NAMES_KEPT:
                    self._moved.clear()
                self._moved[topic] = found
        return found if found is not None and found.alias.in_force(now_ms) else None

    def note(self, alias: PathAlias, client_id: str, now_ms: int) -> None:
        """One message on the old path."""
        use = self._uses.get(alias.old)
        if use is None:
            use = self._uses[alias.old] = PathUse()
        use.messages += 1
        use.last_ms = now_ms
        clients = use.clients
        if client_id in clients or len(clients) < CLIENTS_KEPT:
            clients[client_id] = clients.get(client_id, 0) + 1

    def use_of(self, alias: PathAlias) -> PathUse:
        """How much an alias was used so far."""
        return self._uses.get(alias.old) or PathUse()

    def translated(self, topic_filters: Collection[str]) -> Collection[str]:
        """The filters, and those of what else they stand for."""
        aliases = self._admission.aliases
        if not len(aliases):
            return topic_filters
        return [*topic_filters, *[other for each in topic_filters for _, other in aliases.translated(each)]]

    def search(self, topic_filter: str, now_ms: int) -> Iterator[tuple[Message, int | None] | None]:
        """The retained messages that a filter matches by an old name alone, under that; None now and then."""
        for alias, other in self._admission.aliases.translated(topic_filter):
            if not alias.in_force(now_ms):
                continue
            for found in self._retaining.search(other):
                if found is None:
                    yield None
                elif not matches(topic_filter, found[0].topic):
                    yield renamed(found[0], alias.former(found[0].topic)), found[1]

    def left_behind(self, now_ms: int) -> Iterator[str | None]:
        """The topics that exist under an old name; None now and then."""
        for alias in self._admission.aliases:
            if alias.in_force(now_ms):
                for found in self._retaining.topics.search(f"{alias.old}/#", pause_every=STEP):
                    yield None if found is None else found[0]


def renamed(message: Message, topic: str) -> Message:
    """The same message under an old name of its topic."""
    properties: Properties = marked(message.properties, MOVED_TO, message.topic)
    return Message(
        topic, message.payload, message.qos, message.retain, properties, message.publisher, message.received_ms
    )
