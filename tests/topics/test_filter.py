"""Filters: well formed or not, what they match, what they cover."""

import pytest

from uns.topics import covers, filter_fault, matches, parse_share, topic_fault

MATCHES = [
    ("sport/tennis/player1/#", "sport/tennis/player1", True),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
    ("sport/#", "sport", True),
    ("#", "sport/tennis", True),
    ("sport/tennis/+", "sport/tennis/player1", True),
    ("sport/tennis/+", "sport/tennis/player1/ranking", False),
    ("sport/+", "sport", False),
    ("sport/+", "sport/", True),
    ("+/+", "/finance", True),
    ("/+", "/finance", True),
    ("+", "/finance", False),
    ("#", "$SYS/uptime", False),  # MQTT-4.7.2-1
    ("+/uptime", "$SYS/uptime", False),
    ("$SYS/#", "$SYS/uptime", True),
    ("$SYS/+", "$SYS/uptime", True),
    ("a//b", "a//b", True),
    ("a/+/b", "a//b", True),
    ("A/b", "a/b", False),
]


@pytest.mark.parametrize(("topic_filter", "topic", "expected"), MATCHES)
def test_matches(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("#", "#", True),
        ("#", "a/+", True),
        ("a/#", "a", True),
        ("a/#", "a/#", True),
        ("a/#", "a/+/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/+", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("+/b", "a/b", True),
        ("+", "#", False),
        ("a/+/#", "a/#", False),
        ("a/b", "a", False),
    ],
)
def test_covers(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


@pytest.mark.parametrize("topic_filter", ["#", "+", "a/#", "+/+", "/", "a//b", "$SYS/#", "é/+"])
def test_a_sound_filter(topic_filter: str) -> None:
    assert filter_fault(topic_filter) == ""


@pytest.mark.parametrize("topic_filter", ["", "a#", "a/#/b", "#/", "a+/b", "+a", "a\0", "\ud800", "é" * 40_000])
def test_a_faulty_filter(topic_filter: str) -> None:
    assert filter_fault(topic_filter) != ""


@pytest.mark.parametrize(
    ("topic", "sound"),
    [("a/b", True), ("/", True), ("", False), ("a/+", False), ("#", False), ("a\nb", False), ("a\uffff", False)],
)
def test_topic_names(topic: str, sound: bool) -> None:
    assert (topic_fault(topic) == "") is sound


@pytest.mark.parametrize(
    ("topic_filter", "expected"),
    [
        ("a/b", ("", "a/b")),
        ("$share/g/a/#", ("g", "a/#")),
        ("$share/g//", ("g", "/")),
        ("$shared/x", ("", "$shared/x")),
    ],
)
def test_shares(topic_filter: str, expected: tuple[str, str]) -> None:
    assert parse_share(topic_filter) == expected


@pytest.mark.parametrize("topic_filter", ["$share/", "$share//x", "$share/g", "$share/g/", "$share/+/a", "$share/#/a"])
def test_faulty_shares(topic_filter: str) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_share(topic_filter)
