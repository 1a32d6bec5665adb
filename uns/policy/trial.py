"""What would a candidate model do to messages that were really sent, and who subscribes to its topics?"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from uns.errors import Finding
from uns.policy.admission import CompiledAdmission, decide
from uns.policy.alias import MOVED
from uns.policy.model_use import Use
from uns.policy.violation import Violation
from uns.registry import Attribute, Registry, compile_check
from uns.topics import matches


class Trial(msgspec.Struct, frozen=True):
    """judged messages on so many topics; refused of them, by topic. first: where and why the first one would be."""

    judged: int
    topics: int
    refused: dict[str, int]
    first_topic: str
    first: Finding | None

    def __str__(self) -> str:
        total = sum(self.refused.values())
        first = f" (first: {self.first_topic}: {self.first.what.rstrip('.')})" if self.first is not None else ""
        return f"of {self.judged} recent messages on {self.topics} topics {total} would be refused{first}."


class Subscriber(msgspec.Struct, frozen=True):
    """A client and those of its filters that take at least one of the topics."""

    client_id: str
    filters: list[str]


def topics_of(registry: Registry, places: Iterable[Use]) -> dict[str, str]:
    """Topic to the path of its attribute in the model, as the version at each place declares them."""
    return {place.topic(path): path for place in places for path in registry.attributes(place.ref)}


def try_messages(
    candidate: Mapping[str, Attribute], paths: Mapping[str, str], recent: Iterable[tuple[str, bytes]]
) -> Trial:
    """paths: topic to attribute path. recent: (topic, payload) as they were sent, judged as the door would."""
    checks = {path: compile_check(attribute) for path, attribute in candidate.items()}
    judged, seen, refused = 0, set[str](), dict[str, int]()
    first_topic, first = "", None
    for topic, payload in recent:
        judged += 1
        seen.add(topic)
        check = checks.get(paths[topic])
        finding = _gone(paths[topic]) if check is None else check(payload)
        if finding is not None:
            refused[topic] = refused.get(topic, 0) + 1
            if first is None:
                first_topic, first = topic, finding
    return Trial(judged, len(seen), refused, first_topic, first)


def try_kept(admission: CompiledAdmission, kept: Iterable[Violation], now_ms: int) -> Trial:
    """What another policy would say to messages that were refused; on an old name of a topic they are taken. now_ms: as
    in `decide`."""
    judged, topics, refused = 0, set[str](), dict[str, int]()
    first_topic, first = "", None
    for each in kept:
        judged += 1
        topics.add(each.topic)
        finding = decide(admission.rule(each.topic), each.role, each.payload, now_ms).finding
        if finding is None or finding.id == MOVED:
            continue
        refused[each.topic] = refused.get(each.topic, 0) + 1
        if first is None:
            first_topic, first = each.topic, finding
    return Trial(judged, len(topics), refused, first_topic, first)


def subscribers(topics: Sequence[str], clients: Iterable[tuple[str, Iterable[str]]]) -> list[Subscriber]:
    """clients: (client id, filters). The filters that take one of the topics; each is looked at once."""
    takes: dict[str, bool] = {}
    found = []
    for client_id, filters in clients:
        taking = []
        for stated in filters:
            if stated not in takes:
                takes[stated] = _takes_any(stated, topics)
            if takes[stated]:
                taking.append(stated)
        if taking:
            found.append(Subscriber(client_id, taking))
    return found


def _takes_any(stated: str, topics: Sequence[str]) -> bool:
    topic_filter = stated.split("/", 2)[2] if stated.startswith("$share/") else stated
    return any(matches(topic_filter, topic) for topic in topics)


def _gone(path: str) -> Finding:
    return Finding(id="topic.attribute", what=f"the attribute '{path}' is gone.")
