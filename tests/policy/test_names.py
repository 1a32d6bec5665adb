"""Which names does a key of the tree stand for, and how long can a hostile name keep a pattern busy?"""

import time

import pytest

from uns.policy.names import (
    LONGEST_NAME,
    compile_pattern,
    expand,
    expansion_fault,
    expansion_size,
    fits,
    is_pattern,
    is_wildcard,
)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("line{1..3}", ["line1", "line2", "line3"]),
        ("line{08..11}", ["line08", "line09", "line10", "line11"]),
        ("line{0..1}", ["line0", "line1"]),
        ("{north,south}", ["north", "south"]),
        ("{n,s}-{1..2}", ["n-1", "n-2", "s-1", "s-2"]),
        ("line{7}", ["line7"]),
    ],
)
def test_a_wildcard_stands_for_its_names(name: str, names: list[str]) -> None:
    assert is_wildcard(name)
    assert expansion_fault(name) == ""
    assert expand(name) == names
    assert expansion_size(name) == len(names)


@pytest.mark.parametrize("name", ["line{1..", "line}", "{{1..2}}", "line{3..1}", "line{a..c}", "line{}", "line{a,,b}"])
def test_what_is_no_wildcard_says_why(name: str) -> None:
    assert is_wildcard(name)
    assert expansion_fault(name)


def test_the_size_of_a_wildcard_is_known_before_it_is_built() -> None:
    assert expansion_size("a{1..999999999}-{1..999999999}") == 999999999**2


@pytest.mark.parametrize(
    ("key", "name", "fit"),
    [
        ("~press[0-9]+", "press12", True),
        ("~press[0-9]+", "press", False),
        ("~press[0-9]+", "press12b", False),
        ("~agv-[a-z]{2,4}|cart[0-9]{2}", "cart07", True),
        ("~[(]x[)]", "(x)", True),
        ("~.*", "x" * LONGEST_NAME, True),
        ("~.*", "x" * (LONGEST_NAME + 1), False),
    ],
)
def test_a_pattern_fits_whole_names(key: str, name: str, fit: bool) -> None:
    assert is_pattern(key)
    assert not is_wildcard(key)
    assert fits(compile_pattern(key), name) is fit


@pytest.mark.parametrize("key", ["~", "~(a+)+", "~(?=a)", "~a*b*c*d*", "~a/b", "~[z-a]", "~*", "~" + "a" * 201, r"~\1"])
def test_a_pattern_that_is_none_or_could_be_slow_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_pattern(key)


def test_the_worst_permitted_pattern_is_quick() -> None:
    pattern = compile_pattern("~a*a*a*b")
    begun = time.process_time()
    assert not fits(pattern, "a" * LONGEST_NAME)
    assert time.process_time() - begun < 0.05
