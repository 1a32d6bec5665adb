"""Where in the tree do these words stand? Declared paths with description, unit and owner, then every live topic."""

import asyncio
from collections.abc import Iterator
from functools import cached_property

from uns.api.values import has_value
from uns.broker import Broker
from uns.policy.namespace import Namespace

SLICE = 2000
"""Entries looked at before the event loop gets its turn: a few milliseconds."""


class Search:
    """Finds topics by words. It looks at every topic at most once per search, in slices."""

    def __init__(self, namespace: Namespace, broker: Broker) -> None:
        self._namespace = namespace
        self._broker = broker

    async def find(self, text: str, limit: int) -> list[str]:
        """At most `limit` topics in which each word of `text` occurs, case ignored; declared ones first."""
        words = text.casefold().split()
        found: list[str] = []
        if not words:
            return found
        for looked_at, (topic, haystack) in enumerate(self._entries(), start=1):
            if all(word in haystack for word in words):
                found.append(topic)
                if len(found) == limit:
                    break
            if looked_at % SLICE == 0:
                await asyncio.sleep(0)
        return found

    def _entries(self) -> Iterator[tuple[str, str]]:
        yield from self._declared.items()
        for topic, current in self._broker.topics.matched_by("#"):
            if topic not in self._declared and has_value(current):
                yield topic, topic.casefold()

    @cached_property
    def _declared(self) -> dict[str, str]:
        namespace = self._namespace
        entries = {
            node.path: _text(node.path, node.description, namespace.owner_of(node)) for node in namespace.nodes()
        }
        for topic, asset, attribute in namespace.attribute_topics():
            entries[topic] = _text(topic, attribute.description, attribute.unit, namespace.owner_of(asset))
        return entries


def _text(*texts: str) -> str:
    return "\n".join(texts).casefold()
