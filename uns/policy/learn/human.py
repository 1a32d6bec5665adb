"""Which round number or time would a person write? Limits are widened, and rounded away from what was seen."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

MARGIN = 0.25
"""Of the observed span, on each side."""
SMALLEST_SPAN = 1e-290
"""Where doubles have all their digits."""
_STEPS = (1, 2, 5)
_DURATIONS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
_EXACT = Context(prec=800)
"""A double has up to 767 significant digits; with fewer a limit could be rounded into what was seen."""


def widened(low: int | float, high: int | float) -> tuple[int | float, int | float] | None:
    """(min, max) for values of low to high: `MARGIN` beyond each, rounded outward to a tenth of the span (1, 2 or 5).

    What was never negative does not become so, and what was never positive neither. None for a single value, and where
    no such doubles exist.
    """
    try:
        span = float(high) - float(low)
    except OverflowError:  # an integer of JSON may have any number of digits
        return None
    if not math.isfinite(span) or span < SMALLEST_SPAN:
        return None
    step = _step(span / 10)
    bottom = _round(Decimal(low), span * MARGIN, step, upward=False)
    top = _round(Decimal(high), span * MARGIN, step, upward=True)
    if not (math.isfinite(bottom) and math.isfinite(top)):
        return None
    return (0 if low >= 0 and bottom < 0 else bottom), (0 if high <= 0 and top > 0 else top)


def duration(at_least_ms: float) -> str | None:
    """The next time that a person would write, such as `30s` or `5m`; None beyond a day."""
    seconds = next((each for each in _DURATIONS_S if each * 1000 >= at_least_ms), None)
    if seconds is None:
        return None
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def number(value: int | float) -> str:
    """For people: 1,240 or 4.83; not for files."""
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"about 10^{len(str(abs(value))) - 1}"
    return f"{value:.6g}"


def _step(size: float) -> Decimal:
    exponent = math.floor(math.log10(size))
    power = Decimal(10) ** exponent
    return next((power * each for each in _STEPS if power * each >= Decimal(size)), power * 10)


def _round(value: Decimal, margin: float, step: Decimal, *, upward: bool) -> int | float:
    """Outward to a whole number of steps: rounding to a double keeps the order, so what was seen stays inside."""
    moved = _EXACT.add(value, Decimal(margin if upward else -margin))
    count = _EXACT.divide(moved, step).to_integral_value(ROUND_CEILING if upward else ROUND_FLOOR)
    rounded = _EXACT.multiply(count, step)
    whole = rounded == rounded.to_integral_value() and abs(rounded) < 10**15
    return int(rounded) if whole else float(rounded)
