"""Which topics are compiled into routes, and when is one no longer true?"""

from collections.abc import Collection

from uns.broker.limits import Limits
from uns.broker.passing import Passing
from uns.broker.retaining import Retaining
from uns.broker.route import Current, Fanout, Route
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionTable
from uns.errors import Finding, shorten
from uns.policy.verdict import Admission, TopicRule, judge
from uns.topics import TopicTrie, parse_share

NODES_LOOKED_AT = 2000
FILTERS_LOOKED_AT = 500
"""Beyond them, one step of the epoch, which every topic notices at its next message, costs less than a walk."""
STRAYS_KEPT = 10_000
STRAY_BYTES_KEPT = 4_194_304
"""Of the names of all strays."""


class Routes:
    """Part of the door, which alone may use a route. epoch: a fan-out of an older one is not true any more."""

    def __init__(
        self,
        limits: Limits,
        stats: Stats,
        subscriptions: SubscriptionTable,
        retaining: Retaining,
        passing: Passing,
    ) -> None:
        self.by_topic: dict[str, Route] = {}
        self.known: dict[bytes, Route] = {}
        """The same routes by the bytes of their topic, for the decoders: they hand them back with a run, unopened."""
        self.strays: dict[str, Route] = {}
        self.epoch = 0
        self._trie: TopicTrie[Route] = TopicTrie()
        self._stray_bytes = 0
        self._limits = limits
        self._stats = stats
        self._subscriptions = subscriptions
        self._retaining = retaining
        self._passing = passing

    def compile(self, topic: str, role: str, rule: TopicRule, admission: Admission) -> Route:
        """The route of a topic that is new, or new to this policy.

        A topic that the hierarchy refuses, or this role may not publish on, becomes no topic by that: its route is
        kept among a bounded number of strays, so that a client that makes up topics fills no table and no tree.
        """
        current = self._retaining.topics.get(topic)
        if role not in rule.publishers or not _is_admitted(rule):
            self._stray_bytes += len(topic)
            if len(self.strays) >= STRAYS_KEPT or self._stray_bytes > STRAY_BYTES_KEPT:
                self.strays.clear()
                self._stray_bytes = len(topic)
            route = self.strays[topic] = Route(rule, admission, current or Current(), stray=True)
            return route
        if self.strays.pop(topic, None) is not None:
            self._stray_bytes -= len(topic)
        if current is None:
            current = Current()
            self._retaining.topics.set(topic, current)
            self._passing.add(topic)
            self._stats.topics = len(self._retaining.topics)
        route = self.by_topic[topic] = Route(rule, admission, current)
        self.known[route.topic_bytes] = route
        self._trie.set(topic, route)
        return route

    def stray(self, topic: str, role: str) -> Route | None:
        """The route of a stray, unless this role makes it a topic."""
        route = self.strays.get(topic)
        return None if route is None or (role in route.rule.publishers and _is_admitted(route.rule)) else route

    def room_finding(self, topic: str) -> Finding | None:
        """Make room for one more topic: those that retain nothing and came first go. Why not, when none does."""
        are_too_many = len(self._retaining.topics) >= self._limits.max_topics
        if not (are_too_many or self._passing.is_full) or self._retaining.topics.get(topic) is not None:
            return None
        oldest = next(iter(self._passing), None)
        if oldest is None:
            return Finding(
                id="quota.topics",
                what=f"all {self._limits.max_topics} topics hold a retained message, '{shorten(topic)}' would be more.",
                hint="Clear retained messages that nobody needs, or raise mqtt.max_topics in uns.yaml.",
            )
        while oldest is not None:
            self.forget(oldest)
            oldest = next(iter(self._passing), None) if self._passing.is_full else None
        return None

    def forget(self, topic: str) -> None:
        """This topic retains nothing, and has to go."""
        self._passing.discard(topic)
        current = self._retaining.topics.get(topic)
        if current is not None:
            self._passing.forget(current)
        route = self.by_topic.pop(topic, None)
        if route is not None:
            del self.known[route.topic_bytes]
            route.fanout = None  # it may stand in a run that is already read
        self._trie.remove(topic)
        self._retaining.topics.remove(topic)
        self._stats.topics_forgotten += 1

    def fan_out(self, route: Route) -> Fanout:
        fanout = route.fanout = self._subscriptions.fanout(route.topic, route.rule.former)
        route.epoch = self.epoch
        return fanout

    def invalidate(self, topic_filters: Collection[str]) -> None:
        """Forget the fan-out of the topics that any of these filters matches, shared ones among them; of all topics
        when that is cheaper."""
        if len(topic_filters) > FILTERS_LOOKED_AT:
            self.epoch += 1
            return
        wide = []
        for given in topic_filters:
            topic_filter = parse_share(given)[1]
            if "+" in topic_filter or "#" in topic_filter:
                wide.append(topic_filter)
            elif (route := self.by_topic.get(topic_filter)) is not None:
                route.fanout = None
        try:
            for topic_filter in wide:
                for _, route in self._trie.matched_by(topic_filter, NODES_LOOKED_AT // len(wide)):
                    route.fanout = None
        except OverflowError:
            self.epoch += 1

    def forget_strays(self) -> None:
        """They were refused by another policy."""
        self.strays.clear()
        self._stray_bytes = 0


def _is_admitted(rule: TopicRule) -> bool:
    """May messages on this topic be delivered at all?"""
    return rule.topic_finding is None or judge(rule.mode, rule.topic_finding).delivered
