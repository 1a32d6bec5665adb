"""A broker whose turns are short: what it does in steps is left for later turns, which a test gives it."""

from uns.broker import Broker


class _Hurried:
    """Each look at it takes a millisecond, and it is later than any other clock says."""

    grain_ms = 0

    def __init__(self) -> None:
        self.looks = 1 << 50

    def wall_ms(self) -> int:
        return self.looks

    def monotonic_ms(self) -> int:
        self.looks += 1
        return self.looks


def hurry(broker: Broker) -> None:
    """From now on a turn has time for four steps, and one that is begun by a client for none."""
    broker.turns.on_begin = lambda: None
    broker.turns._clock = _Hurried()


def turn(broker: Broker) -> None:
    """The loop has turned, and had no time for what is left."""
    broker.turns._ends_ms = None


def work_off(broker: Broker) -> int:
    """As many turns as are needed until nothing is left."""
    turns = 0
    while broker.turns._unfinished or broker.turns._waiting:
        broker.turns.run()
        turns += 1
    return turns
