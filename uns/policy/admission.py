"""The compiled policy of a plant: hierarchy, access and contract of one topic, made into one rule."""

from collections.abc import Mapping

from uns.errors import Finding, shorten
from uns.policy.access import Access
from uns.policy.alias import PathAlias, PathAliases
from uns.policy.namespace import Namespace
from uns.policy.resolve import Place, resolve
from uns.policy.verdict import ACCEPTED, OWNED_BY_SOURCE, Check, ContentCheck, Moved, Outcome, TopicRule, Verdict, judge
from uns.registry import Attribute, Registry, compile_check
from uns.registry.binary import compile_content_check, json_content_fault
from uns.sparkplug.topic import is_sparkplug, is_state


class ReservedRule(TopicRule, frozen=True):
    """A `$` topic: only the platform publishes there."""

    def access_finding(self, role: str) -> Finding | None:
        if role in self.publishers:
            return None
        what = f"'{self.topic[:120]}' is a topic of the broker; clients only subscribe there."
        return Finding(id="access.reserved", what=what, hint="Publish on a topic that does not begin with $.")


class StateRule(TopicRule, frozen=True):
    """STATE of a Sparkplug host: a forged one makes edge nodes hold back or repeat their data."""

    def access_finding(self, role: str) -> Finding | None:
        if role in self.publishers:
            return None
        what = f"role '{role}' may not publish the state of a Sparkplug host on '{self.topic[:120]}'."
        return Finding(id="access.state", what=what, hint="Connect the host application with the role admin.")


class CompiledAdmission:
    """Implements `uns.policy.verdict.Admission`. Nothing in it changes: an edited plant makes a new one.

    Checks are compiled once per attribute and shared by every asset with that model. owners: topic to the source whose
    values land there.
    """

    def __init__(
        self, namespace: Namespace, registry: Registry, access: Access, owners: Mapping[str, str] | None = None
    ) -> None:
        self.namespace = namespace
        self.registry = registry
        self.access = access
        self.owners = owners or {}
        self._checks: dict[tuple[str, str], Check] = {}
        self._publishers: dict[frozenset[str], frozenset[str]] = {}

    def rule(self, topic: str) -> TopicRule:
        """The rule of a valid topic name; tens of microseconds, more when a near topic must be found."""
        publishers = self._shared(self.access.publishers(topic))
        if topic.startswith("$"):
            return ReservedRule(topic, self.namespace.mode, None, None, publishers)
        if is_state(topic):
            return StateRule(topic, self.namespace.mode, None, None, publishers)
        if is_sparkplug(topic):
            return TopicRule(topic, self.namespace.mode, None, None, publishers)
        alias = self.namespace.aliases.of(topic)
        return self._rule(topic, publishers) if alias is None else self._moved(topic, publishers, alias)

    @property
    def aliases(self) -> PathAliases:
        return self.namespace.aliases

    def _moved(self, topic: str, publishers: frozenset[str], alias: PathAlias) -> TopicRule:
        """Whoever may publish on the old name or on the new one may use either, as long as the alias lasts."""
        new = alias.renamed(topic)
        rule = self._rule(new, self._shared(publishers | self.access.publishers(new)))
        moved = Moved(alias, rule, Verdict(Outcome.WARNED, alias.moved_finding(topic)))
        return TopicRule(topic, rule.mode, alias.ended_finding(topic), None, publishers, moved=moved)

    def _rule(self, topic: str, publishers: frozenset[str]) -> TopicRule:
        place = resolve(self.namespace, topic)
        mode, _ = self.namespace.mode_of(place.node)
        return TopicRule(
            topic,
            mode,
            place.finding,
            self._check(place),
            publishers,
            _content(place),
            owned=self._owned(topic),
            writable=place.attribute is not None and place.attribute.writable,
            former=self.namespace.aliases.onto(topic),
        )

    def _shared(self, roles: frozenset[str]) -> frozenset[str]:
        """One set for all topics that the same roles publish on: a million of them hold a few, that stay in cache."""
        return self._publishers.setdefault(roles, roles)

    def may_subscribe(self, role: str, topic_filter: str) -> Finding | None:
        """Why this role may not subscribe to this filter, or None."""
        return self.access.may_subscribe(role, topic_filter)

    def _owned(self, topic: str) -> Finding | None:
        """Where the values of a source land: with a second who writes, no consumer knows whose value it reads."""
        source = self.owners.get(topic)
        if source is None:
            return None
        return Finding(
            id=OWNED_BY_SOURCE,
            what=f"'{shorten(topic)}' gets its values from the source '{source}'.",
            hint="Publish on a topic of your own, or take the point out of the source. Where the model says 'writable: "
            "true', what is published here is written to the device.",
        )

    def _check(self, place: Place) -> Check | None:
        attribute: Attribute | None = place.attribute
        if attribute is None:
            return None
        key = (place.node.model, attribute.path)
        check = self._checks.get(key)
        if check is None:
            check = self._checks[key] = compile_check(attribute)
        return check


def _content(place: Place) -> ContentCheck | None:
    if place.attribute is None:
        return None
    binary = place.attribute.binary
    return json_content_fault if binary is None else compile_content_check(binary)


def decide(rule: TopicRule, role: str, payload: bytes | None, now_ms: int = 0) -> Verdict:
    """The verdict on one message, in the order of the door: access, hierarchy, contract, source.

    A payload of None asks about the topic alone. Clearing a retained value (empty payload) is the caller's to exempt.
    now_ms: UTC, to know which aliases have ended; at 0 none has.
    """
    if rule.moved is not None and rule.moved.alias.in_force(now_ms):
        verdict = decide(rule.moved.rule, role, payload)
        return rule.moved.verdict if verdict.finding is None else verdict
    finding = rule.access_finding(role) or rule.topic_finding
    if finding is None and rule.check is not None and payload is not None:
        finding = rule.check(payload)
    if not rule.writable:
        finding = finding or rule.owned_finding(role)
    return ACCEPTED if finding is None else judge(rule.mode, finding)
