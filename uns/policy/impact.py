"""Whom does a changed policy touch? Live publishers, subscribers, and values that would be left behind."""

from collections.abc import Iterable

import msgspec

from uns.errors import Finding
from uns.policy.admission import CompiledAdmission, decide
from uns.policy.difference import TopicChanges
from uns.policy.plan import Counted, Touched
from uns.policy.verdict import Verdict
from uns.topics import TopicTrie, parse_share

EXAMPLES = 5


class LiveTopic(msgspec.Struct, frozen=True, gc=False):
    """A topic that the broker knows, with its last message and who sent it."""

    topic: str
    client_id: str
    role: str
    payload: bytes
    retained: bool


class LiveClient(msgspec.Struct, frozen=True):
    """A client and what it subscribes to."""

    client_id: str
    role: str
    subscriptions: tuple[str, ...]


def counted(topics: Iterable[str]) -> Counted:
    """How many, with the first few."""
    every = list(topics)
    return Counted(len(every), tuple(every[:EXAMPLES]))


def touched_publishers(
    before: CompiledAdmission, after: CompiledAdmission, live: Iterable[LiveTopic], now_ms: int = 0
) -> list[Touched]:
    """Clients whose last message on a topic would be judged differently now, by finding; refusals first. now_ms: as in
    `decide`, here and below."""
    groups: dict[tuple[bool, str, str], list[str]] = {}
    for one in live:
        if one.topic.startswith("$") or not one.client_id:
            continue
        old, new = _verdict(before, one, now_ms), _verdict(after, one, now_ms)
        if (old.outcome, _id_of(old.finding)) == (new.outcome, _id_of(new.finding)):
            continue
        why = f"{new.outcome}: {new.finding.id}" if new.finding else f"{new.outcome} from now on"
        groups.setdefault((new.delivered, one.client_id, why), []).append(one.topic)
    return [_touched(client_id, why, topics) for (_, client_id, why), topics in sorted(groups.items())]


def touched_subscribers(
    before: CompiledAdmission,
    after: CompiledAdmission,
    topics: TopicChanges,
    clients: Iterable[LiveClient],
    now_ms: int = 0,
) -> list[Touched]:
    """Clients that lose a subscription, or hear topics that are removed or get another contract."""
    filters: TopicTrie[list[str]] = TopicTrie()
    found: list[Touched] = []
    for client in clients:
        lost = [each for each in client.subscriptions if _is_lost(before, after, client.role, each)]
        if lost:
            found.append(_touched(client.client_id, "loses the right to subscribe", lost))
        for each in client.subscriptions:
            bare = parse_share(each)[1]
            listeners = filters.get(bare)
            if listeners is None:
                filters.set(bare, [client.client_id])
            else:
                listeners.append(client.client_id)
    moves, goes = list[str](), list[str]()
    for topic in topics.removed:
        (moves if _is_moved(after, topic, now_ms) else goes).append(topic)
    for why, changed in (
        ("hears a topic that goes", goes),
        ("hears a topic that moves, by an alias", moves),
        ("hears a changed contract", topics.changed),
    ):
        heard: dict[str, dict[str, None]] = {}
        for topic in changed:
            for listeners in filters.matching(topic):
                for client_id in listeners:
                    heard.setdefault(client_id, {})[topic] = None
        found += [_touched(client_id, why, list(names)) for client_id, names in sorted(heard.items())]
    return found


def orphans(after: CompiledAdmission, live: Iterable[LiveTopic], removed: Iterable[str], now_ms: int = 0) -> Counted:
    """The retained values on topics that are removed, and that no open filter takes up and no alias moves."""
    gone = set(removed)
    return counted(
        sorted(
            one.topic
            for one in live
            if one.retained
            and one.topic in gone
            and not after.namespace.open_filter(one.topic)
            and not _is_moved(after, one.topic, now_ms)
        )
    )


def _verdict(policy: CompiledAdmission, one: LiveTopic, now_ms: int) -> Verdict:
    return decide(policy.rule(one.topic), one.role, one.payload or None, now_ms)


def _is_moved(after: CompiledAdmission, topic: str, now_ms: int) -> bool:
    alias = after.aliases.of(topic)
    return alias is not None and alias.in_force(now_ms)


def _is_lost(before: CompiledAdmission, after: CompiledAdmission, role: str, topic_filter: str) -> bool:
    return before.may_subscribe(role, topic_filter) is None and after.may_subscribe(role, topic_filter) is not None


def _touched(client_id: str, why: str, topics: list[str]) -> Touched:
    return Touched(client_id, why, len(topics), tuple(topics[:EXAMPLES]))


def _id_of(finding: Finding | None) -> str:
    return finding.id if finding is not None else ""
