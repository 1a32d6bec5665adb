"""uns.api.rates: a rate from the counter of a topic, between two looks."""

from uns.api import rates as module
from uns.api.rates import Rate, Rates


def test_the_first_look_has_nothing_to_compare_with() -> None:
    rates = Rates()
    assert rates.look("a", 100, 0) is None
    assert rates.look("a", 101, 499) is None, "too close together"
    assert rates.look("a", 103, 1000) == Rate(3.0, 1000)
    assert rates.look("b", 103, 1000) is None


def test_a_look_serves_for_ten_seconds_and_is_renewed() -> None:
    rates = Rates()
    rates.look("a", 0, 0)
    assert rates.look("a", 40, 10_000) == Rate(4.0, 10_000)
    assert rates.look("a", 42, 12_000) == Rate(1.0, 2000)


def test_what_was_long_ago_or_counted_anew_says_nothing() -> None:
    rates = Rates()
    rates.look("a", 5, 0)
    assert rates.look("a", 99, 60_001) is None
    assert rates.look("a", 3, 61_000) is None
    assert rates.look("a", 4, 62_000) == Rate(1.0, 1000)


def test_so_many_topics_are_remembered(monkeypatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    rates = Rates()
    for topic in "abc":
        rates.look(topic, 0, 0)
    assert rates.look("a", 1, 1000) is None
    assert rates.look("c", 1, 1000) == Rate(1.0, 1000)
