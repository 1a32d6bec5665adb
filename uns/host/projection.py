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
from urllib.parse import unquote

from uns.sparkplug.payload import BD_SEQ
from uns.topics import has_unwanted

Template = Callable[[str, str, str, str], str | None]
"""(group, node, device or "", metric name) to a topic; None leaves the metric out of the tree."""

_EXCLUDED_FOLDERS = ("Node Control/", "Device Control/")
_ILLEGAL = re.compile("[%+#:\0]")


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
