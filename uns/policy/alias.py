"""Under which other path is a branch still known, and until when?

An alias keeps those who publish on an old path, or subscribe to it, working while they move. It holds for the path and
for everything below it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from uns.errors import Finding, shorten
from uns.topics import matches, parse_share

MOVED = "topic.moved"
ENDED = "topic.alias_ended"


class PathAlias(msgspec.Struct, frozen=True):
    """`old` is `new` now. until: the last day, in UTC, on which that helps anybody; None is for ever. where: the JSON
    pointer of the entry in namespace.yaml."""

    old: str
    new: str
    until: date | None = None
    why: str = ""
    where: str = ""

    @property
    def ends_ms(self) -> int | None:
        """UTC since 1970, the first moment after the last day; None when it has none."""
        if self.until is None:
            return None
        end = datetime(self.until.year, self.until.month, self.until.day, tzinfo=UTC) + timedelta(days=1)
        return int(end.timestamp()) * 1000

    def in_force(self, now_ms: int) -> bool:
        """now_ms: UTC."""
        ends_ms = self.ends_ms
        return ends_ms is None or now_ms < ends_ms

    def renamed(self, topic: str) -> str:
        """The new name of a topic at or below `old`."""
        return self.new + topic[len(self.old) :]

    def former(self, topic: str) -> str:
        """The old name of a topic at or below `new`."""
        return self.old + topic[len(self.new) :]

    def translated(self, topic_filter: str) -> str | None:
        """The filter that matches below `new` what this one matches below `old`; None when that is nothing."""
        asked, old = parse_share(topic_filter)[1].split("/"), self.old.split("/")
        for index, level in enumerate(old):
            wanted = asked[index] if index < len(asked) else None
            if wanted == "#":
                return f"{self.new}/#"
            if wanted not in ("+", level):
                return None
        return "/".join([self.new, *asked[len(old) :]])

    def keeps(self, topic_filter: str) -> bool:
        """Does who subscribes to this hear what it hears under the old name alone, and so need the alias?"""
        other = self.translated(topic_filter)
        return other is not None and not matches(
            parse_share(topic_filter)[1], other.replace("+", "x").replace("#", "x")
        )

    def moved_finding(self, topic: str) -> Finding:
        """What is told to who publishes on an old name, while that is taken."""
        last = f", until {self.until}" if self.until is not None else ""
        return Finding(
            id=MOVED,
            what=f"'{shorten(topic)}' is an old name: messages go out as '{shorten(self.renamed(topic))}'{last}.",
            hint="Publish on the new name.",
            nearest=self.renamed(topic),
        )

    def ended_finding(self, topic: str) -> Finding:
        """What is told when it is taken no more."""
        return Finding(
            id=ENDED,
            what=f"'{shorten(topic)}' is '{shorten(self.renamed(topic))}' now, and was taken until {self.until}.",
            hint="Publish on the new name, or move 'until' of the alias in namespace.yaml.",
            nearest=self.renamed(topic),
        )


class PathAliases:
    """All aliases of a namespace, by both their ends."""

    def __init__(self, aliases: Iterable[PathAlias] = ()) -> None:
        self._by_old = {alias.old: alias for alias in aliases}
        self._by_new: dict[str, list[PathAlias]] = {}
        for alias in self._by_old.values():
            self._by_new.setdefault(alias.new, []).append(alias)

    def __iter__(self) -> Iterator[PathAlias]:
        return iter(self._by_old.values())

    def __len__(self) -> int:
        return len(self._by_old)

    def of(self, topic: str) -> PathAlias | None:
        """The alias that a topic stands at or below: the longest, when one is below another."""
        if self._by_old:
            for path in _upwards(topic):
                alias = self._by_old.get(path)
                if alias is not None:
                    return alias
        return None

    def onto(self, topic: str) -> tuple[PathAlias, ...]:
        """The aliases that lead to a topic, from every old name that it has."""
        if not self._by_new:
            return ()
        return tuple(alias for path in _upwards(topic) for alias in self._by_new.get(path, ()))

    def translated(self, topic_filter: str) -> Iterator[tuple[PathAlias, str]]:
        """The filters of what else a filter stands for."""
        for alias in self._by_old.values():
            other = alias.translated(topic_filter)
            if other is not None:
                yield alias, other


def _upwards(topic: str) -> Iterator[str]:
    while topic:
        yield topic
        topic = topic.rpartition("/")[0]
