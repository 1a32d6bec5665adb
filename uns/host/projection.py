"""On which ISA-95 topic does a Sparkplug metric appear?

Default template: group id = enterprise, site and area joined by `:` · edge node = line · device = cell · metric name =
attribute path. `acme:ghent:packaging`, `line1`, `filler`, `temperature` become
`acme/ghent/packaging/line1/filler/temperature`; a metric of the node itself has no cell level.

What cannot stand in a topic level is escaped, and `original` takes the escapes back, so no two names share a level.
Two metrics can still share a topic: metric `filler/x` of the node and metric `x` of its device `filler`. The host
reports that as `sparkplug.collision`.
"""

import re
from collections.abc import Callable

from uns.sparkplug.payload import BD_SEQ

Template = Callable[[str, str, str, str], str | None]
"""(group, node, device or "", metric name) to a topic; None leaves the metric out of the tree."""

_EXCLUDED_FOLDERS = ("Node Control/", "Device Control/")
_ILLEGAL = re.compile("[%+#:\0]")
_ESCAPE = re.compile("%([0-9A-F]{2})")


def default_topic(group: str, node: str, device: str, metric: str) -> str | None:
    """The topic of a metric; None for Sparkplug's own metrics."""
    if metric == BD_SEQ or metric.startswith(_EXCLUDED_FOLDERS):
        return None
    levels = [*group.split(":"), node, *([device] if device else []), *metric.split("/")]
    escaped = [escape(level) for level in levels]
    if escaped[0].startswith("$"):
        escaped[0] = f"%24{escaped[0][1:]}"  # topics below $… are the broker's own
    return "/".join(escaped)


def escape(level: str) -> str:
    """A name as one topic level: `%`, `+`, `#`, `:` and NUL as `%` and two hex digits, nothing at all as `%`."""
    return _ILLEGAL.sub(lambda found: f"%{ord(found[0]):02X}", level) or "%"


def original(level: str) -> str:
    """The name that `escape` made a topic level of."""
    return "" if level == "%" else _ESCAPE.sub(lambda found: chr(int(found[1], 16)), level)
