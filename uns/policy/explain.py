"""Why does a topic get the verdict it gets? Every rule that was looked at, whether it applied, and why."""

from collections.abc import Iterator

import msgspec

from uns.policy.access import Role
from uns.policy.admission import CompiledAdmission, decide
from uns.policy.namespace import Namespace
from uns.policy.resolve import Place, resolve
from uns.policy.verdict import ACCEPTED, Mode, TopicRule, Verdict, judge
from uns.registry import Attribute
from uns.registry.document import listed
from uns.sparkplug.topic import is_sparkplug
from uns.topics import matches


class RuleMatch(msgspec.Struct, frozen=True):
    """One rule: as written, whether it applies to the topic, and why (not)."""

    rule: str
    matched: bool
    why: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `uns explain`; serialisable as it is.

    verdict: accepted, or what a message would get; with no role given, access is left out, with no payload, the
    contract. path: the declared part of the topic. mode_source: where the mode is stated, for people.
    publishers: the roles that may publish here. nearest: the topic that was probably meant, or "".
    """

    topic: str
    verdict: Verdict
    path: str
    levels: dict[str, str]
    mode: Mode
    mode_source: str
    rules: tuple[RuleMatch, ...]
    model: str
    attribute: Attribute | None
    owner: str
    description: str
    open: bool
    publishers: tuple[str, ...]
    nearest: str


def explain(
    admission: CompiledAdmission, topic: str, payload: bytes | None = None, role: str | None = None, now_ms: int = 0
) -> Explanation:
    """Explain a valid topic name, as it is or with a payload and the role of a publisher. now_ms: as in `decide`."""
    namespace = admission.namespace
    rule = admission.rule(topic)
    described = namespace.describe(topic)
    place = resolve(namespace, topic)
    verdict = verdict_on(rule, role, payload, now_ms)
    source = f"level '{described.mode_source}'" if described.mode_source else "the default of namespace.yaml"
    return Explanation(
        topic=topic,
        verdict=verdict,
        path=place.node.path,
        levels=described.levels,
        mode=rule.mode,
        mode_source=source,
        rules=tuple(_rules(admission, rule, place, role, payload, now_ms)),
        model=described.model_ref,
        attribute=described.attribute,
        owner=described.owner,
        description=described.description,
        open=described.open,
        publishers=tuple(sorted((rule if rule.moved is None else rule.moved.rule).publishers)),
        nearest="" if rule.topic_finding is None else rule.topic_finding.nearest,
    )


def verdict_on(rule: TopicRule, role: str | None, payload: bytes | None, now_ms: int = 0) -> Verdict:
    """What a message would get. Without a role access is not judged, and without a payload no contract. now_ms: as in
    `decide`."""
    if role is not None:
        return decide(rule, role, payload, now_ms)
    if rule.moved is not None and rule.moved.alias.in_force(now_ms):
        verdict = verdict_on(rule.moved.rule, role, payload)
        return rule.moved.verdict if verdict.finding is None else verdict
    finding = rule.topic_finding
    if finding is None and rule.check is not None and payload is not None:
        finding = rule.check(payload)
    return ACCEPTED if finding is None else judge(rule.mode, finding)


def _rules(
    admission: CompiledAdmission, rule: TopicRule, place: Place, role: str | None, payload: bytes | None, now_ms: int
) -> Iterator[RuleMatch]:
    if place.topic.startswith("$"):
        yield RuleMatch("topics that begin with $", True, "they belong to the broker; no contract applies.")
    elif is_sparkplug(place.topic):
        yield RuleMatch("spBv1.0/#", True, "Sparkplug B is judged by access; its values where they are projected.")
    else:
        if rule.moved is not None:
            alias = rule.moved.alias
            lasts = alias.in_force(now_ms)
            told = alias.moved_finding(place.topic) if lasts else alias.ended_finding(place.topic)
            yield RuleMatch(f"aliases: {alias.old}", lasts, told.what)
        yield from _hierarchy(admission.namespace, place)
        yield from _open(admission.namespace, place)
        if rule.owned is not None:
            yield RuleMatch("sources", True, rule.owned.what)
        if rule.writable:
            yield RuleMatch(
                "writable", True, "a message here is written to the device that feeds the topic, if one does."
            )
        yield _contract(rule, place, payload)
    yield from _access(admission, rule, role)


def _hierarchy(namespace: Namespace, place: Place) -> Iterator[RuleMatch]:
    for node in reversed(list(place.node.upwards())):
        if node.path:
            by = f"admitted by {node.template.name}, declared" if node.template is not None else "declared"
            yield RuleMatch(f"tree: {namespace.levels.name_of(node.depth)} {node.name}", True, f"{by} in {node.file}.")
    if not place.rest:
        return
    if place.attribute is not None:
        yield RuleMatch(f"model {place.node.model}: {place.rest}", True, "a declared attribute.")
    elif place.finding is not None:
        yield RuleMatch(f"tree: {place.rest}", False, place.finding.what)
    else:
        yield RuleMatch(f"tree: {place.rest}", False, "not declared; an open branch admits it.")


def _open(namespace: Namespace, place: Place) -> Iterator[RuleMatch]:
    for topic_filter in namespace.open_filters:
        if topic_filter == place.open_filter:
            why = "an open branch: the payload is judged by no contract."
        elif not matches(topic_filter, place.topic):
            why = "does not match the topic."
        elif place.open_filter:
            why = f"matches, but '{place.open_filter}' is more specific."
        else:
            why = "matches, but what is declared here is more specific."
        yield RuleMatch(f"open: {topic_filter}", topic_filter == place.open_filter, why)


def _contract(rule: TopicRule, place: Place, payload: bytes | None) -> RuleMatch:
    attribute = place.attribute
    if attribute is None or rule.check is None:
        return RuleMatch("contract", False, "no payload contract applies here.")
    text = f"contract: {contract_text(attribute)}"
    if payload is None:
        return RuleMatch(text, True, "every payload is held to it.")
    finding = rule.check(payload)
    return RuleMatch(text, True, "the payload keeps it." if finding is None else finding.what)


def contract_text(attribute: Attribute) -> str:
    """One line for people: `number in Cel, -10 to 120`."""
    if attribute.schema is not None:
        return "a JSON document with a schema of its own"
    parts = [f"{attribute.type} in {attribute.unit}" if attribute.unit else attribute.type.value]
    if attribute.min is not None or attribute.max is not None:
        low = "" if attribute.min is None else f"from {attribute.min}"
        high = "" if attribute.max is None else f"to {attribute.max}"
        parts.append(f"{low} {high}".strip())
    if attribute.enum:
        parts.append(f"one of {listed(str(value) for value in attribute.enum)}")
    if attribute.pattern:
        parts.append(f"matching {attribute.pattern}")
    if attribute.bare:
        parts.append("a bare scalar is accepted")
    return ", ".join(parts)


def _access(admission: CompiledAdmission, rule: TopicRule, role: str | None) -> Iterator[RuleMatch]:
    if role is None:
        who = ", ".join(sorted(rule.publishers)) or "no role"
        yield RuleMatch("access.yaml", bool(rule.publishers), f"may publish here: {who}.")
        return
    finding = rule.access_finding(role)
    known = admission.access.roles.get(role, Role(role))
    for topic_filter in known.publish:
        hit = matches(topic_filter, rule.topic)
        yield RuleMatch(f"role {role}: publish {topic_filter}", hit, "matches." if hit else "does not match the topic.")
    why = f"role '{role}' may publish here." if finding is None else finding.what
    yield RuleMatch(f"access of role {role}", finding is None, why)
