"""Reads sources/*.yaml, asks each adapter to check its configuration, and finds where the values will appear."""

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points

import msgspec

from uns.adapter import Adapter, Point
from uns.app.plant.problem import Problem
from uns.app.plant.yaml_file import YamlFile
from uns.edge.deadband import Deadband
from uns.edge.spec import PointRules, SourceSpec, parse_source
from uns.errors import Finding, nearest
from uns.host.projection import Template, default_topic
from uns.policy import Namespace
from uns.policy.alias import PathAlias
from uns.policy.resolve import resolve
from uns.registry import Attribute
from uns.registry.pointer import to_pointer
from uns.sparkplug.declared import Membership
from uns.sparkplug.topic import is_sparkplug

GROUP = "uns.adapters"


def read_sources(
    files: list[YamlFile], namespace: Namespace, template: Template = default_topic
) -> tuple[list[SourceSpec], list[Problem]]:
    """Every source that could be read, and everything wrong with any of them. Opens no connection.

    template: on which topics the host projects their metrics.
    """
    sources: list[SourceSpec] = []
    problems: list[Problem] = []
    for file in files:
        read = parse_source({} if file.data is None else file.data)
        if not isinstance(read, SourceSpec):
            problems += [file.problem(finding) for finding in read]
            continue
        findings = [*_twice(read, sources), *_check_adapter(read)]
        problems += [file.problem(finding) for finding in findings]
        problems += [file.problem(finding, warning=True) for finding in undeclared(read, namespace, template)]
        sources.append(complete(read, namespace, template))
    return sources, problems


def complete(source: SourceSpec, namespace: Namespace, template: Template = default_topic) -> SourceSpec:
    """The source with the rules that its file leaves to the models: deadband, writable, unit, refreshing."""
    completed = {
        point: _completed(rules, _attribute_of(source, point, namespace, template))
        for point, rules in source.rules.items()
    }
    if source.templates:
        completed = {
            point: msgspec.structs.replace(rules, membership=_membership(source, point, namespace, template))
            for point, rules in completed.items()
        }
    return msgspec.structs.replace(source, rules=completed)


def _membership(source: SourceSpec, point: Point, namespace: Namespace, template: Template) -> Membership | None:
    """A model becomes a template where its values stand in a folder of the device: an asset below the device, or a part
    of the asset that the device is. The members are its attributes, so the topics stay the same."""
    topic, _ = landing(source, point, namespace, template) or (None, None)
    if topic is None or not topic.endswith(f"/{point.name}"):
        return None
    branch = topic.removesuffix(f"/{point.name}")
    asset, attribute = namespace.locate(topic)
    model = namespace.registry.get(asset.model) if asset.model and attribute else None
    if model is None:
        return None
    if asset.path.startswith(f"{branch}/"):
        return Membership(asset.path.removeprefix(f"{branch}/"), attribute, model.ref, str(model.version))
    if asset.path == branch:
        for part, ref in model.parts.items():
            if attribute.startswith(f"{part}/"):
                return Membership(part, attribute.removeprefix(f"{part}/"), ref, ref.partition("@")[2])
    return None


def landing(
    source: SourceSpec, point: Point, namespace: Namespace, template: Template = default_topic
) -> tuple[str, PathAlias | None] | None:
    """(the topic of the tree on which a point's values land, the alias that leads there from an old name); None when
    they land nowhere."""
    topic = template(source.group, source.node, point.device, point.name)
    if topic is None or is_sparkplug(topic):
        return None
    alias = namespace.aliases.of(topic)
    return (topic, None) if alias is None else (alias.renamed(topic), alias)


def _attribute_of(source: SourceSpec, point: Point, namespace: Namespace, template: Template) -> Attribute | None:
    topic, _ = landing(source, point, namespace, template) or (None, None)
    return None if topic is None else namespace.describe(topic).attribute


def _completed(rules: PointRules, attribute: Attribute | None) -> PointRules:
    if attribute is None:
        return rules
    return PointRules(
        membership=rules.membership,
        deadband=Deadband(attribute.deadband or 0.0) if rules.deadband is None else rules.deadband,
        writable=attribute.writable if rules.writable is None else rules.writable,
        refresh_ms=None if attribute.max_age_ms is None else attribute.max_age_ms // 2,
        unit=attribute.unit,
    )


def owners(sources: Iterable[SourceSpec], namespace: Namespace, template: Template = default_topic) -> dict[str, str]:
    """The topics of the tree on which values of sources land, and the name of the source."""
    landed = (
        (source.name, landing(source, point, namespace, template)) for source in sources for point in source.points
    )
    return {place[0]: name for name, place in landed if place is not None}


def load_adapter(name: str) -> type[Adapter] | Finding:
    """The adapter class of an entry point in the group `uns.adapters`, or why there is none."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        return Finding(
            id="source.adapter",
            what=f"no adapter '{name}' is installed (known: {', '.join(sorted(known)) or 'none'}).",
            where="/adapter",
            hint="Correct the name, or install the package that brings the adapter.",
            nearest=nearest(name, known),
        )
    try:
        adapter: type[Adapter] = known[name].load()
    except ImportError as error:
        what = f"the adapter '{name}' cannot be loaded: {error}."
        hint = f"Install it with pip install 'uns-platform[{name}]'."
        return Finding(id="source.adapter", what=what, where="/adapter", hint=hint)
    return adapter


def _check_adapter(source: SourceSpec) -> list[Finding]:
    adapter = load_adapter(source.adapter)
    return [adapter] if isinstance(adapter, Finding) else adapter(source.config).check()


def _twice(source: SourceSpec, others: list[SourceSpec]) -> Iterator[Finding]:
    for other in others:
        if other.name == source.name:
            what = f"the source '{source.name}' is described in two files."
            yield Finding(id="source.twice", what=what, where="/source", hint="Give one of them another name.")
        if other.edge == source.edge:
            what = f"the edge node '{source.edge}' is also that of source '{other.name}'."
            hint = "Two edge nodes of one name push each other off the broker: give each source its own."
            yield Finding(id="source.edge_twice", what=what, where="/edge", hint=hint)


def undeclared(source: SourceSpec, namespace: Namespace, template: Template = default_topic) -> Iterator[Finding]:
    """Points whose values will land on a topic that is neither declared nor open, or that has another name by now. A
    device that is at fault as a whole is told once, an alias once for all points."""
    told = set[str]()
    for point in source.points:
        topic, alias = landing(source, point, namespace, template) or (None, None)
        if topic is None:
            continue
        if alias is not None and alias.old not in told:
            told.add(alias.old)
            yield Finding(
                id="source.old_name",
                what=alias.moved_finding(alias.former(topic)).what,
                where="/edge",
                hint="Name the edge node and its devices by the new path, and take the alias away afterwards.",
                nearest=topic,
            )
        place = resolve(namespace, topic)
        finding, device = place.finding, topic.removesuffix(f"/{point.name}")
        if finding is None or device in told:
            continue
        if place.node.path.count("/") < device.count("/"):
            told.add(device)
        yield msgspec.structs.replace(
            finding,
            id="source.undeclared",
            what=f"its values will be held back: {finding.what}",
            where=to_pointer(("devices", point.device, point.name)),
        )
