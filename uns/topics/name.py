"""Is this a topic name? (MQTT 5, sections 1.5.4 and 4.7)

Text that names things ends up in logs, files and pages. Control characters and Unicode non-characters are therefore
refused in names, as section 1.5.4 lets a receiver do.
"""

import re

MAX_BYTES = 65_535
UNWANTED = "it holds a control character or a Unicode non-character"
_UNWANTED = re.compile(
    "[\x01-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


def split(topic: str) -> list[str]:
    """The levels of a topic name or filter; a leading, trailing or doubled `/` makes an empty level."""
    return topic.split("/")


def join(*levels: str) -> str:
    """Levels to a topic; empty parts are left out, so `join("", "a")` is `a`."""
    return "/".join(level for level in levels if level)


def text_fault(text: str) -> str:
    """Why a string may not stand in an MQTT packet, or an empty string (MQTT-1.5.4-1, -2)."""
    if "\0" in text:
        return "it holds the null character U+0000"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return "it holds a surrogate"
    if len(text) > MAX_BYTES // 4 and len(text.encode()) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes"
    return ""


def has_unwanted(text: str) -> bool:
    """Does a text hold a control character or a Unicode non-character?"""
    return not text.isprintable() and _UNWANTED.search(text) is not None  # what is printable is none of them


def topic_fault(topic: str) -> str:
    """Why a string is no topic name to publish on, or an empty string (MQTT-3.3.2-2, MQTT-4.7.3-1)."""
    if not topic:
        return "it is empty"
    if "+" in topic or "#" in topic:
        return "it holds a wildcard (+ or #)"
    if has_unwanted(topic):
        return UNWANTED
    return text_fault(topic)
