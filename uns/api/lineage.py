"""Where does a topic come from, what lets it in, and where does it go?

device ─▶ source, adapter, Sparkplug ids ─▶ rule and contract, with file and line ─▶ history, subscribers
"""

from typing import Any

import msgspec

from uns.api.platform import Platform, TopicSource, ViolationRecord
from uns.api.rates import Rate
from uns.api.values import has_value, heard_ms, live_value
from uns.broker import Current, SubscriptionInfo
from uns.errors import Finding
from uns.policy.file_lines import FileLine, FileLines
from uns.policy.resolve import Place, resolve
from uns.policy.verdict import Mode
from uns.samples import format_timestamp
from uns.sparkplug.topic import is_sparkplug

LISTED = 1000
"""Subscribers."""


class SourceLineage(msgspec.Struct, frozen=True, kw_only=True):
    """The Sparkplug metric, and the source that feeds it; name to finding are null when that is none of this server.

    address: of the point, as its file states it: a NodeId, a register. finding: what is wrong with the source, by id.
    """

    name: str | None
    adapter: str | None
    endpoint: str | None
    address: Any
    state: str | None
    finding: str | None
    written: FileLine | None
    group: str
    node: str
    device: str
    metric: str


class OldName(msgspec.Struct, frozen=True):
    """Another name of the topic that still works. until: the last day, null for ever."""

    topic: str
    until: str | None
    written: FileLine | None


class EquipmentLineage(msgspec.Struct, frozen=True):
    """The deepest declared level. pattern: the one that admitted it, or null."""

    path: str
    pattern: str | None
    written: FileLine | None


class ContractLineage(msgspec.Struct, frozen=True):
    """model: the version that counts; stated_by: the model that states the attribute, another one for a part."""

    model: str
    attribute: str
    stated_by: str
    written: FileLine | None


class AdmittedBy(msgspec.Struct, frozen=True):
    """Which rule lets a good message in. by: `model`, `open`, `mode` (which delivers what nothing declares), `access`
    (Sparkplug and `$` topics), or `nothing`."""

    by: str
    rule: str
    written: FileLine | None = None


class LastPublisher(msgspec.Struct, frozen=True):
    """Who published the current value. time: when its source was last heard."""

    client_id: str
    role: str
    address: str
    protocol: str
    time: str


class LastError(msgspec.Struct, frozen=True):
    """The latest message here that broke a rule. Time, client_id and outcome are null when it is not kept any more."""

    finding_id: str
    what: str
    hint: str
    nearest: str
    time: str | None = None
    client_id: str | None = None
    outcome: str | None = None


class Recorded(msgspec.Struct, frozen=True):
    """filter: the one that takes the topic into history, null when none does. recorded: false also for a payload that
    holds no value. retention_days: null for ever."""

    recorded: bool
    filter: str | None
    retention_days: int | None


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """rate: null at the first look of a minute; ask again. updates: messages taken since the server started.
    subscribers: those too who hear the topic by an old name."""

    topic: str
    kind: str
    old_names: list[OldName]
    source: SourceLineage | None
    equipment: EquipmentLineage | None
    contract: ContractLineage | None
    admitted: AdmittedBy
    mode: Mode
    mode_source: str
    updates: int
    rate: Rate | None
    publisher: LastPublisher | None
    error: LastError | None
    history: Recorded
    subscribers: list[SubscriptionInfo]
    subscribers_left_out: int


def lineage(platform: Platform, topic: str, rate: Rate | None, violation: ViolationRecord | None) -> Lineage:
    """violation: the latest one that is kept of the topic."""
    namespace, lines = platform.policy.namespace, platform.file_lines()
    place, current = resolve(namespace, topic), platform.broker.current(topic)
    described = namespace.describe(topic)
    old_names = [
        OldName(
            alias.former(topic),
            None if alias.until is None else alias.until.isoformat(),
            lines.aliases.get(alias.old),
        )
        for alias in platform.policy.aliases.onto(topic)
        if alias.in_force(platform.clock.wall_ms())
    ]
    subscribers = platform.broker.subscribers(topic)
    known = {(each.client_id, each.filter) for each in subscribers}
    for old in old_names:
        heard = platform.broker.subscribers(old.topic)
        subscribers += [each for each in heard if (each.client_id, each.filter) not in known]
    max_age_ms = place.attribute.max_age_ms if place.attribute else None
    return Lineage(
        topic=topic,
        kind=described.kind,
        old_names=old_names,
        source=_source(platform, lines, topic),
        equipment=_equipment(lines, place),
        contract=_contract(platform, lines, place),
        admitted=_admitted(platform, lines, place, described.mode),
        mode=described.mode,
        mode_source=described.mode_source,
        updates=current.updates if current else 0,
        rate=rate,
        publisher=_publisher(current, max_age_ms),
        error=_error(current, violation),
        history=_recorded(platform, topic, current),
        subscribers=subscribers[:LISTED],
        subscribers_left_out=max(0, len(subscribers) - LISTED),
    )


def source_of(platform: Platform, topic: str) -> TopicSource | None:
    """The metric behind a topic, also when its edge node goes by an old name of it."""
    names = [topic, *(alias.former(topic) for alias in platform.policy.aliases.onto(topic))]
    return next(filter(None, map(platform.sources.source_of, names)), None)


def _source(platform: Platform, lines: FileLines, topic: str) -> SourceLineage | None:
    found = source_of(platform, topic)
    if found is None:
        return None
    status = next((status for status in platform.sources.states() if status.name == found.name), None)
    return SourceLineage(
        **msgspec.structs.asdict(found),
        finding=status.finding.id if status and status.finding else None,
        written=None if found.name is None else lines.points.get((found.name, found.device, found.metric)),
    )


def _equipment(lines: FileLines, place: Place) -> EquipmentLineage | None:
    node = place.node
    if not node.path:
        return None
    pattern = next((above.template.name for above in node.upwards() if above.template and above.template.pattern), None)
    return EquipmentLineage(node.path, pattern, lines.of_equipment(node))


def _contract(platform: Platform, lines: FileLines, place: Place) -> ContractLineage | None:
    attribute, ref, registry = place.attribute, place.node.model, platform.policy.registry
    if attribute is None:
        return None
    stated_by, _ = registry.written_in(ref, attribute.path)
    return ContractLineage(ref, attribute.path, stated_by, lines.of_attribute(registry, ref, attribute.path))


def _admitted(platform: Platform, lines: FileLines, place: Place, mode: Mode) -> AdmittedBy:
    topic = place.topic
    if topic.startswith("$") or is_sparkplug(topic):
        roles = ", ".join(sorted(platform.policy.access.publishers(topic)))
        return AdmittedBy("access", f"roles that may publish here: {roles}")
    if place.attribute is not None:
        rule = f"{place.node.model}: {place.attribute.path}" if place.attribute.path else place.node.model
        written = lines.of_attribute(platform.policy.registry, place.node.model, place.attribute.path)
        return AdmittedBy("model", rule, written)
    if place.open_filter:
        return AdmittedBy("open", place.open_filter, lines.open_filters.get(place.open_filter))
    if mode in (Mode.OBSERVE, Mode.WARN):
        return AdmittedBy("mode", f"{mode}: delivered, though nothing declares it")
    return AdmittedBy("nothing", f"{mode}: nothing declares it")


def _publisher(current: Current | None, max_age_ms: int | None) -> LastPublisher | None:
    if current is None or current.publisher is None or not has_value(current):
        return None
    by = current.publisher
    time = format_timestamp(heard_ms(current, max_age_ms))
    return LastPublisher(by.client_id, by.role, by.address, by.protocol, time)


def _error(current: Current | None, violation: ViolationRecord | None) -> LastError | None:
    if violation is not None:
        kept = violation.violation
        if kept.verdict.finding is not None:
            time, outcome = format_timestamp(kept.time_ms), kept.verdict.outcome
            return _told(kept.verdict.finding, time, kept.client_id, outcome)
    return _told(current.refused) if current is not None and current.refused is not None else None


def _told(
    finding: Finding, time: str | None = None, client_id: str | None = None, outcome: str | None = None
) -> LastError:
    return LastError(finding.id, finding.what, finding.hint, finding.nearest, time, client_id, outcome)


def _recorded(platform: Platform, topic: str, current: Current | None) -> Recorded:
    recording = platform.recording
    topic_filter = None if recording is None else recording.filter_of(topic)
    holds_none = has_value(current) and live_value(current, None, platform.clock).quality is None
    return Recorded(
        topic_filter is not None and not holds_none, topic_filter, recording.retention_days if recording else None
    )
