"""What is a scenario, and what does one round of it yield?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bench.brokers import Broker


class NoFigure(Exception):
    """A round went wrong in a way that a scenario expects; its text stands below the table instead of a figure."""


class Lost(NoFigure):
    """A message is missing where nothing may be lost: there is no rate to report."""


class NotGoverned(NoFigure):
    """A message that breaks the rules was not refused, so nothing was judged and the figure would be a lie."""


@dataclass(frozen=True)
class Effort:
    """seconds: of measuring in a round. scale: of counts (connections, topics, subscriptions), 1 is the real thing."""

    seconds: float = 3.0
    scale: float = 1.0

    @property
    def warm_up_s(self) -> float:
        return min(1.0, self.seconds / 3)

    def count(self, full: int, least: int = 2) -> int:
        return max(least, round(full * self.scale))


@dataclass(frozen=True)
class Taken:
    """One round. value: in the unit of the scenario; sent, arrived: messages; cpu: cores the broker kept busy, or None.

    details: further figures for the JSON, by name with unit.
    """

    value: float
    sent: int = 0
    arrived: int = 0
    cpu: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def lost(self) -> float:
        """The share of the messages sent that never arrived."""
        return max(0.0, 1 - self.arrived / self.sent) if self.sent else 0.0


class Against(Enum):
    """What a mark is compared with."""

    MOSQUITTO = "ratio to mosquitto"
    ITSELF = "our own figure"


@dataclass(frozen=True)
class Mark:
    """bound: of the ratio, or of the figure itself; at_least: a floor, else a ceiling."""

    bound: float
    at_least: bool = True
    against: Against = Against.MOSQUITTO

    def met(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound


Run = Callable[[Broker, Path, Effort], Taken]
"""One round with a broker that it starts itself on an empty directory."""


@dataclass(frozen=True)
class Scenario:
    """name: on the command line. excluded: why a peer cannot take part, by its name. note: what is not fair, and why.

    large: runs only when asked for. own: only ours can run it.
    paced: what sets the pace is not the broker's CPU by design, so an idle CPU needs no remark.
    """

    name: str
    title: str
    unit: str
    mark: Mark
    run: Run
    note: str = ""
    excluded: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    large: bool = False
    paced: bool = False
