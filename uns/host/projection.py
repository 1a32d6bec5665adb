"""On which ISA-95 topic does a Sparkplug metric appear?

A template says it: `{group:}/{node}/{device}/{metric}`. A part in braces is an id of Sparkplug as one level; with a
colon behind it, it is split at its colons into several. `{metric}` keeps its folders. What a metric of the node itself
lacks, the device, is left out with its level. So `acme:ghent:packaging`, `line1`, `filler`, `temperature` become
`acme/ghent/packaging/line1/filler/temperature`. A map comes before the template, for what follows no rule.

What cannot stand in a topic level is escaped, and `original` takes the escapes back, so no two names share a level.
Two metrics can still share a topic: metric `filler/x` of the node and metric `x` of its device `filler`. The host
reports that as `sparkplug.collision`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import unquote

from uns.sparkplug.payload import BD_SEQ
from uns.topics import has_unwanted, topic_fault

Template = Callable[[str, str, str, str], str | None]
"""(group, node, device or "", metric name) to a topic; None leaves the metric out of the tree."""

ISA95 = "{group:}/{node}/{device}/{metric}"
"""Group id = enterprise, site and area, joined by colons; edge node = line; device = cell; metric = attribute."""

PRESETS = {
    "isa95": ISA95,
    "parris": ISA95,  # the same rule; there the group id names the line too, and the edge node the cell
    "cirrus": "{group}/{node}/{device}/{metric}",
    "umh": "{device:}/{metric}",
    "metric": "{metric}",
}
"""Conventions of the field by name: of Cirrus Link, of Matthew Parris, of the United Manufacturing Hub (the path in the
device id), and of those who put the whole path into the metric name."""

_EXCLUDED_FOLDERS = ("Node Control/", "Device Control/")
_ILLEGAL = re.compile("[%+#:\0]")
_PART = re.compile(r"\{(group|node|device|metric)(:?)\}")


def template_fault(template: str) -> str:
    """Why a text is neither a preset nor a template, or an empty string."""
    if template in PRESETS:
        return ""
    if "{" not in template:
        return f"it is no preset ({', '.join(PRESETS)}) and has no part in braces"
    for level in template.split("/"):
        if not _PART.fullmatch(level) and ("{" in level or "}" in level or topic_fault(level)):
            return f"'{level}' is no level: write {{group}}, {{node}}, {{device}}, {{metric}} or a fixed name"
    if "{metric}" not in template.split("/"):
        return "{metric} is missing, so all metrics would share one topic"
    return ""


def compile_projection(template: str = ISA95, mapped: Mapping[str, str] | None = None) -> Template:
    """template: one of `PRESETS`, or as above; ValueError for what is neither.

    mapped: `group/node/device/metric`, or its beginning up to a slash, to the topic that stands for it; the longest one
    wins, and what is behind it stays. An empty topic leaves the metrics out of the tree.
    """
    fault = template_fault(template)
    if fault:
        raise ValueError(fault)
    levels = [_PART.fullmatch(level) or level for level in PRESETS.get(template, template).split("/")]
    if mapped:
        return partial(_mapped, levels, dict(mapped))
    return partial(_topic, levels)


def _topic(levels: list[re.Match[str] | str], group: str, node: str, device: str, metric: str) -> str | None:
    if metric == BD_SEQ or metric.startswith(_EXCLUDED_FOLDERS):
        return None
    ids = {"group": group, "node": node, "device": device, "metric": metric}
    made = "/".join(level for part in levels for level in _levels(part, ids))
    return f"%24{made[1:]}" if made.startswith("$") else made  # topics below $… are the broker's own


def _levels(part: re.Match[str] | str, ids: Mapping[str, str]) -> Iterator[str]:
    if isinstance(part, str):
        yield part
        return
    name, text = part[1], ids[part[1]]
    if name == "device" and not text:
        return
    separator = "/" if name == "metric" else ":" if part[2] else None
    for level in text.split(separator) if separator else [text]:
        yield escape(level)


def _mapped(
    levels: list[re.Match[str] | str], mapped: Mapping[str, str], group: str, node: str, device: str, metric: str
) -> str | None:
    if metric == BD_SEQ or metric.startswith(_EXCLUDED_FOLDERS):
        return None
    known = "/".join((group, node, *([device] if device else []), metric))
    rest: list[str] = []
    while True:
        topic = mapped.get(known)
        if topic is not None:
            return "/".join([topic, *map(escape, rest)]) if topic else None
        known, slash, level = known.rpartition("/")
        if not slash:
            return _topic(levels, group, node, device, metric)
        rest.insert(0, level)


default_topic = compile_projection()
"""The topic of a metric by the default template; None for Sparkplug's own metrics."""


def escape(level: str) -> str:
    """A name as one topic level: `%`, `+`, `#`, `:` and what no topic may hold (NUL, control characters, Unicode
    non-characters) as in a URL, a `%` and two hex digits per byte of UTF-8; nothing at all as `%`."""
    escaped = _ILLEGAL.sub(lambda found: _percent(found[0]), level)
    if has_unwanted(escaped):
        escaped = "".join(_percent(char) if has_unwanted(char) else char for char in escaped)
    return escaped or "%"


def original(level: str) -> str:
    """The name that `escape` made a topic level of."""
    return "" if level == "%" else unquote(level)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())
