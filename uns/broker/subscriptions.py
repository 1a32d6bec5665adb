"""Who wants a topic? Subscriptions in the one trie, and the fan-out compiled from them.

A session says which subscriptions are in force. Those that are no more are swept from the trie in steps, and passed
over until then: one packet or the end of a session may leave thousands, and a filter have many levels.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from uns.broker.route import Fanout, Former, Target
from uns.link import Receive
from uns.policy.alias import PathAlias
from uns.topics import TopicTrie, parse_share

if TYPE_CHECKING:
    from uns.broker.connection import Connection
    from uns.broker.local import LocalClient
    from uns.broker.session import Session

RELAYS_KEPT = 1000
SWEPT_AT_ONCE = 32
MEMBERS_ASKED = 64


class SubscriptionOptions(msgspec.Struct, frozen=True):
    """What a SUBSCRIBE asked for one filter (MQTT 5, 3.8.3.1). identifier 0 means none."""

    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0
    identifier: int = 0


class SubscriptionInfo(msgspec.Struct, frozen=True):
    """One subscription in force. filter: as it was asked for, with `$share/GROUP/`. connected: false for a session that
    waits. inner: a part of this server."""

    client_id: str
    filter: str
    connected: bool
    inner: bool = False


class ShareGroup:
    """The members of one shared subscription; each message goes to one of them in turn (MQTT 5, 4.8.2).

    filter: `$share/GROUP/FILTER`, the same for all of them.
    """

    __slots__ = ("_order", "_turn", "filter", "members")

    def __init__(self, topic_filter: str) -> None:
        self.filter = topic_filter
        self.members: dict[Session, SubscriptionOptions] = {}
        self._order: list[Session] = []
        self._turn = 0

    def join(self, member: "Session", options: SubscriptionOptions) -> None:
        self.members[member] = options
        self._order = []

    def leave(self, member: "Session") -> None:
        self.members.pop(member, None)
        self._order = []

    def choose(self) -> Target | None:
        """The next member that keeps up; else the next that will get what is queued for it; else None.

        Of a large group MEMBERS_ASKED are asked: a thousand that are away must not hold up every message.
        """
        members = self._order = self._order or self._in_force()
        count = len(members)
        self._turn += 1
        waiting = None
        for step in range(min(count, MEMBERS_ASKED)):
            member = members[(self._turn + step) % count]
            if not member.hears(self.filter):
                self._order = self._in_force()
                return self.choose()
            if member.keeps_up:
                return self.target(member)
            if waiting is None and (member.connection is not None or member.expiry_s > 0):
                waiting = member
        return None if waiting is None else self.target(waiting)

    def _in_force(self) -> "list[Session]":
        return [member for member in self.members if member.hears(self.filter)]

    def target(self, member: "Session") -> Target:
        options = self.members[member]
        identifiers = (options.identifier,) if options.identifier else ()
        return Target(member, options.qos, False, options.retain_as_published, identifiers, self.filter)


class _Entry:
    """All subscriptions to one filter."""

    __slots__ = ("filter", "local", "sessions", "shares")

    def __init__(self, topic_filter: str) -> None:
        self.filter = topic_filter
        self.sessions: dict[Session, SubscriptionOptions] = {}
        self.shares: dict[str, ShareGroup] = {}
        self.local: dict[LocalClient, Receive] = {}

    @property
    def empty(self) -> bool:
        return not (self.sessions or self.shares or self.local)


class SubscriptionTable:
    """Filters to subscribers, in process or over the network, plain or shared.

    plain_count, shared_count: subscriptions of sessions, with those that are to be swept.
    """

    def __init__(self) -> None:
        self.plain_count = 0
        self.shared_count = 0
        self._trie: TopicTrie[_Entry] = TopicTrie()
        self._over: deque[tuple[Session, Iterator[str]]] = deque()
        self._relays: dict[tuple[Connection, ...], tuple[Connection, ...]] = {}

    def add(self, session: "Session", topic_filter: str, options: SubscriptionOptions) -> None:
        """Subscribe a session, which knows of it already.

        One that is over goes for it: however fast they come and go, the trie does not grow.
        """
        self._sweep_one()
        group, bare = parse_share(topic_filter)
        entry = self._entry(bare)
        if group:
            share = entry.shares.get(group)
            if share is None:
                share = entry.shares[group] = ShareGroup(topic_filter)
            self.shared_count += session not in share.members
            share.join(session, options)
        else:
            self.plain_count += session not in entry.sessions
            entry.sessions[session] = options

    def leave(self, session: "Session", topic_filters: Iterable[str]) -> None:
        """The session has these no more; `sweep` takes them out."""
        self._over.append((session, iter(topic_filters)))

    def sweep(self) -> Iterator[None]:
        """Take out what is over, in steps."""
        swept = 0
        while self._sweep_one():
            swept += 1
            if swept % SWEPT_AT_ONCE == 0:
                yield

    def _sweep_one(self) -> bool:
        """False when nothing is over."""
        while self._over:
            session, topic_filters = self._over[0]
            topic_filter = next(topic_filters, None)
            if topic_filter is not None:
                if topic_filter not in session.subscriptions:  # else it has come again
                    self._remove(session, topic_filter)
                return True
            self._over.popleft()
        return False

    def _remove(self, session: "Session", topic_filter: str) -> None:
        group, bare = parse_share(topic_filter)
        entry = self._trie.get(bare)
        if entry is None:
            return
        if group:
            share = entry.shares.get(group)
            if share is not None:
                self.shared_count -= session in share.members
                share.leave(session)
                if not share.members:
                    del entry.shares[group]
        else:
            self.plain_count -= entry.sessions.pop(session, None) is not None
        self._prune(bare, entry)

    def share(self, topic_filter: str) -> ShareGroup | None:
        """The members of `$share/GROUP/FILTER`; None when there are none."""
        group, bare = parse_share(topic_filter)
        entry = self._trie.get(bare)
        return None if entry is None else entry.shares.get(group)

    def forget_relays(self) -> None:
        """A connection is gone: keep no list that names it."""
        self._relays.clear()

    def add_local(self, client: "LocalClient", topic_filter: str, receive: Receive) -> None:
        self._entry(topic_filter).local[client] = receive

    def remove_local(self, client: "LocalClient", topic_filter: str) -> None:
        entry = self._entry(topic_filter)
        entry.local.pop(client, None)
        self._prune(topic_filter, entry)

    def fanout(self, topic: str, aliases: tuple[PathAlias, ...] = ()) -> Fanout:
        """Compile where the messages of a topic go; one copy per session however many filters overlap.

        aliases: that lead to the topic. Who hears it by an old name alone gets it under that.
        """
        entries = self._trie.matching(topic)
        by_session: dict[Session, list[SubscriptionOptions]] = {}
        shares: list[ShareGroup] = []
        local: list[Receive] = []
        for entry in entries:
            for session, options in entry.sessions.items():
                if session.hears(entry.filter):
                    by_session.setdefault(session, []).append(options)
            shares.extend(entry.shares.values())
            local.extend(entry.local.values())
        plain_v3: list[Connection] = []
        plain_v5: list[Connection] = []
        aliased: list[Connection] = []
        targets: list[Target] = []
        former = [found for alias in aliases if (found := self._former(topic, alias, entries)) is not None]
        for session, several in by_session.items():
            target = _merge(session, several)
            connection = session.connection
            if connection is not None and connection.takes_plain_frames and _is_plain(target):
                if connection.outgoing_aliases is not None:
                    aliased.append(connection)
                else:
                    (plain_v5 if connection.version == 5 else plain_v3).append(connection)
            else:
                targets.append(target)
        only_plain = not (targets or shares or local or former)
        relay_v3 = self._shared(plain_v3) if only_plain and not plain_v5 and not aliased else None
        relay_v5 = self._shared(plain_v5) if only_plain and not plain_v3 and not aliased else None
        return Fanout(plain_v3, plain_v5, aliased, targets, shares, local, relay_v3, relay_v5, former)

    def _former(self, topic: str, alias: PathAlias, entries: "list[_Entry]") -> Former | None:
        """Those who hear the old name of a topic, and not the topic itself; None when there is nobody."""
        old = alias.former(topic)
        by_session: dict[Session, list[SubscriptionOptions]] = {}
        shares: list[ShareGroup] = []
        local: list[Receive] = []
        hearing = {session for entry in entries for session in entry.sessions if session.hears(entry.filter)}
        told = {client for entry in entries for client in entry.local}
        for entry in self._trie.matching(old):
            if entry in entries:
                continue
            for session, options in entry.sessions.items():
                if session not in hearing and session.hears(entry.filter):
                    by_session.setdefault(session, []).append(options)
            shares.extend(entry.shares.values())
            local.extend([receive for client, receive in entry.local.items() if client not in told])
        if not (by_session or shares or local):
            return None
        targets = [_merge(session, several) for session, several in by_session.items()]
        return Former(old, alias.ends_ms, targets, shares, local)

    def _shared(self, connections: "list[Connection]") -> "tuple[Connection, ...]":
        """One tuple for all topics that go to the same connections, so that they can be told by identity."""
        key = tuple(connections)
        if len(self._relays) >= RELAYS_KEPT:
            self._relays.clear()
        return self._relays.setdefault(key, key)

    def count(self, topic: str) -> int:
        """How many subscribers a topic has, in-process ones not counted."""
        plan = self.fanout(topic)
        return len(plan.plain) + len(plan.targets) + len(plan.shares)

    def subscribers(self, topic: str) -> Iterator[SubscriptionInfo]:
        """Every subscription that matches a topic, for people to look at."""
        for entry in self._trie.matching(topic):
            yield from _subscribed(entry.sessions, entry.filter)
            for share in entry.shares.values():
                yield from _subscribed(share.members, share.filter)
            for client in entry.local:
                inner = client.publisher.protocol == "internal"
                yield SubscriptionInfo(client.publisher.client_id, entry.filter, True, inner)

    def _entry(self, topic_filter: str) -> _Entry:
        entry = self._trie.get(topic_filter)
        if entry is None:
            entry = _Entry(topic_filter)
            self._trie.set(topic_filter, entry)
        return entry

    def _prune(self, topic_filter: str, entry: _Entry) -> None:
        if entry.empty:
            self._trie.remove(topic_filter)


def _subscribed(sessions: "Iterable[Session]", topic_filter: str) -> Iterator[SubscriptionInfo]:
    for session in sessions:
        if session.hears(topic_filter):
            yield SubscriptionInfo(session.client_id, topic_filter, session.connection is not None)


def _merge(session: "Session", several: list[SubscriptionOptions]) -> Target:
    identifiers = tuple(_identifiers(several))
    others = [options for options in several if not options.no_local]
    return Target(
        session,
        max(options.qos for options in several),
        all(options.no_local for options in several),
        any(options.retain_as_published for options in several),
        identifiers,
        own=_merge(session, others) if others and len(others) < len(several) else None,
    )


def _identifiers(several: list[SubscriptionOptions]) -> Iterator[int]:
    return (options.identifier for options in several if options.identifier)


def _is_plain(target: Target) -> bool:
    return target.qos == 0 and not (target.no_local or target.retain_as_published or target.identifiers)
