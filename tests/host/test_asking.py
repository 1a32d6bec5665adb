"""Rebirths of many nodes at once go out at a rate, each node once."""

from uns.host.asking import BURST, RATE_PER_S, Asking


def test_a_thousand_nodes_are_asked_at_a_rate():
    asked = []
    asking = Asking(asked.append)
    for number in range(1000):
        asking.want(("g", f"n{number}"), 10_000)
    assert len(asked) == BURST
    asking.tick(11_000)
    assert len(asked) == BURST + RATE_PER_S
    for ms in range(11_200, 60_000, 200):
        asking.tick(ms)
    assert asked == [("g", f"n{number}") for number in range(1000)]
    assert len(asking) == 0


def test_a_node_stands_in_line_once_and_leaves_it_when_it_is_born():
    asked = []
    asking = Asking(asked.append)
    for number in range(BURST):
        asking.want(("g", str(number)), 5)
    asking.want(("g", "late"), 5)
    asking.want(("g", "late"), 5)
    asking.want(("g", "later"), 5)
    asking.settle(("g", "late"))
    asking.tick(10_000)
    assert asked[BURST:] == [("g", "later")]


def test_an_idle_hour_saves_up_no_more_than_one_burst():
    asked = []
    asking = Asking(asked.append)
    asking.tick(3_600_000)
    for number in range(500):
        asking.want(("g", str(number)), 3_600_000)
    assert len(asked) == BURST
