"""Topic filters: are they well formed, what do they match, which covers which (MQTT 5, section 4.7)."""

from uns.topics.name import UNWANTED, has_unwanted, text_fault


def filter_fault(topic_filter: str) -> str:
    """Why a string is no topic filter, or an empty string (MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1)."""
    if not topic_filter:
        return "it is empty"
    levels = topic_filter.split("/")
    for index, level in enumerate(levels):
        if "#" in level and (level != "#" or index != len(levels) - 1):
            return "# must be the whole last level"
        if "+" in level and level != "+":
            return "+ must be a whole level"
    return UNWANTED if has_unwanted(topic_filter) else text_fault(topic_filter)


def parse_share(topic_filter: str) -> tuple[str, str]:
    """`$share/GROUP/FILTER` to (group, filter); a plain filter has the group "".

    Raises ValueError when the share name is empty or holds a wildcard, or no filter follows (MQTT-4.8.2-1, -2).
    """
    if not topic_filter.startswith("$share/"):
        return "", topic_filter
    _, group, *rest = topic_filter.split("/", 2)
    if not group or "+" in group or "#" in group:
        raise ValueError(f"'{topic_filter}' has no valid share name")
    if not rest or not rest[0]:
        raise ValueError(f"'{topic_filter}' has no filter after the share name")
    return group, rest[0]


def matches(topic_filter: str, topic: str) -> bool:
    """Does the filter match the topic name? Wildcards do not match a leading `$` (MQTT-4.7.2-1)."""
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):
        return False
    return covers(topic_filter, topic)


def covers(wide: str, narrow: str) -> bool:
    """Does `wide` match every topic that the filter (or topic) `narrow` matches? `$` is not special here."""
    wide_levels, narrow_levels = wide.split("/"), narrow.split("/")
    for index, level in enumerate(wide_levels):
        if level == "#":
            return True
        if index >= len(narrow_levels) or narrow_levels[index] == "#":
            return False
        if level not in ("+", narrow_levels[index]):
            return False
    return len(narrow_levels) == len(wide_levels)
