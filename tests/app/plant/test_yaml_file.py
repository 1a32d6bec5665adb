"""YAML as this project reads it: the core schema of 1.2, with places."""

from typing import Any

import pytest

from uns.app.plant.yaml_file import read_yaml
from uns.errors import Finding


def data(text: str, **environ: str) -> Any:
    read = read_yaml(text.encode(), "x.yaml", environ)
    assert read.problems == []
    return read.data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: true", True),
        ("a: False", False),
        ("a: yes", "yes"),
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 12:30", "12:30"),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: 1_000", "1_000"),
        ("a: 017", 17),
        ("a: 0o17", 15),
        ("a: 0x1F", 31),
        ("a: -5", -5),
        ("a: 9223372036854775807", 9223372036854775807),
        ("a: 1e3", 1000.0),
        ("a: .5", 0.5),
        ("a: -.inf", float("-inf")),
        ("a: 1.2.3", "1.2.3"),
        ("a: '5'", "5"),
        ("a: ", None),
        ("a: ~", None),
        ("a: null", None),
        ("a: !!str 5", "5"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    read = data(text)["a"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    assert data("{on: 1, 5: 2, true: 3, null: 4}") == {"on": 1, "5": 2, "true": 3, "null": 4}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: ${PORT}", 1883),
        ("a: '${PORT}'", "1883"),
        ("a: tcp://${HOST:-localhost}:${PORT}", "tcp://localhost:1883"),
        ("a: ${EMPTY:-5}", 5),
        ("a: ${NONE:-}", None),
        ("a: $${PORT}", "${PORT}"),
        ("a: $PORT ${PORT}", "$PORT 1883"),
    ],
)
def test_variables(text: str, value: Any) -> None:
    assert data(text, PORT="1883", EMPTY="")["a"] == value


def test_a_variable_cannot_bring_structure_into_the_file() -> None:
    assert data("a: ${X}", X="{b: 1}\nc: 2") == {"a": "{b: 1}\nc: 2"}


def test_places_are_those_of_keys_and_items() -> None:
    read = read_yaml(b"a:\n  - x\n  - {b/c: 5}\n", "x.yaml", {})
    assert read.marks == {"": (1, 1), "/a": (1, 1), "/a/0": (2, 5), "/a/1": (3, 5), "/a/1/b~1c": (3, 6)}
    assert read.value("/a/1/b~1c") == 5
    assert read.value("/a/7") is None


def test_a_finding_about_something_absent_is_placed_at_what_should_hold_it() -> None:
    read = read_yaml(b"a:\n  b: {}\n", "x.yaml", {})
    problem = read.problem(Finding(id="plant.missing_key", what="x", where="/a/b/c/d"))
    assert (problem.line, problem.column) == (2, 3)


@pytest.mark.parametrize(
    ("content", "finding", "place"),
    [
        (b"a: [1, 2\n", "plant.yaml", (2, 1)),
        (b"a: 1\n\tb: 2", "plant.yaml", (2, 1)),
        (b"a: 1\nb: \xff", "plant.encoding", (2, 1)),
        (b"a: \x00", "plant.yaml", (1, 1)),
        (b"a: !python/object:os.system x", "plant.tag", (1, 4)),
        (b"a: !!int x", "plant.type", (1, 4)),
        (b"? [1]\n: 2", "plant.key", (1, 3)),
        (b"[" * 5000 + b"]" * 5000, "plant.yaml", (1, 1)),
    ],
)
def test_faults(content: bytes, finding: str, place: tuple[int, int]) -> None:
    problem = read_yaml(content, "x.yaml", {}).problems[0]
    assert problem.finding.id == finding
    assert (problem.line, problem.column) == place
