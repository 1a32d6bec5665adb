"""What does a route work with? The platform, the views made from it, and who is asking."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request

from uns.api.coverage import Coverage
from uns.api.nodes import Nodes
from uns.api.platform import Identity, Platform
from uns.api.rates import Rates
from uns.api.search import Search
from uns.api.streams import Streams
from uns.api.tree import Tree
from uns.errors import Finding, UnsError
from uns.policy.admission import CompiledAdmission
from uns.policy.namespace import Namespace
from uns.topics import filter_fault, topic_fault


class Context(msgspec.Struct, frozen=True):
    """One per app."""

    platform: Platform
    tree: Tree
    nodes: Nodes
    search: Search
    coverage: Coverage
    streams: Streams
    rates: Rates

    @classmethod
    def of(cls, platform: Platform) -> "Context":
        namespace, broker, clock = platform.policy.namespace, platform.broker, platform.clock
        tree = Tree(namespace, broker, clock)
        return cls(
            platform,
            tree,
            Nodes(namespace, platform.policy, tree, clock),
            Search(namespace, broker),
            Coverage(namespace, broker, clock, platform.sources.told_unit),
            Streams(broker, partial(_max_age_ms, namespace)),
            Rates(),
        )

    def under(self, policy: CompiledAdmission, role_of: Callable[[str], str | None]) -> "Context":
        """The same server under another policy; open streams go on with what may still be read, and judge ages by it.

        role_of: the role that a user has now, None for one who may no longer log in."""
        self.streams.judge_ages(partial(_max_age_ms, policy.namespace))
        self.streams.review(lambda role, topic_filter: policy.may_subscribe(role, topic_filter) is None, role_of)
        platform = msgspec.structs.replace(self.platform, policy=policy)
        return msgspec.structs.replace(Context.of(platform), streams=self.streams, rates=self.rates)

    def may_read(self, identity: Identity, topic_filter: str) -> bool:
        """Reading over HTTP takes the same right as subscribing."""
        return self.platform.policy.may_subscribe(identity.role, topic_filter) is None

    def demand_read(self, identity: Identity, topic_filter: str) -> None:
        """Raises UnsError (`access.subscribe`) where `may_read` says no."""
        refused = self.platform.policy.may_subscribe(identity.role, topic_filter)
        if refused is not None:
            raise UnsError(refused)

    def demand_govern(self, identity: Identity) -> None:
        """Raises UnsError (`access.govern`) for a role that may not change what the namespace takes."""
        refused = self.platform.policy.access.may_govern(identity.role)
        if refused is not None:
            raise UnsError(refused)


def _max_age_ms(namespace: Namespace, topic: str) -> int | None:
    attribute = namespace.describe(topic).attribute
    return attribute.max_age_ms if attribute else None


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _identity(request: Request) -> Any:
    return request.scope["uns.identity"]


Ctx = Annotated[Context, Depends(_context)]
Who = Annotated[Any, Depends(_identity)]
"""An `Identity`; FastAPI cannot resolve a Protocol."""


def demand_topic(topic: str) -> None:
    """Raises UnsError (`request.topic`) when a string is no topic name."""
    fault = topic_fault(topic)
    if fault:
        raise UnsError(
            Finding(
                id="request.topic",
                what=f"'{topic[:120]}' is no topic name: {fault}.",
                where="topic",
                hint="Write a whole topic, for example acme/ghent/packaging/line1/filler/temperature.",
            )
        )


def demand_filter(topic_filter: str) -> None:
    """Raises UnsError (`request.filter`) when a string is no topic filter, or a shared one: only MQTT shares."""
    fault = filter_fault(topic_filter)
    if topic_filter.split("/", 1)[0] == "$share":
        fault = "a shared subscription is of MQTT alone"
    if fault:
        raise UnsError(
            Finding(
                id="request.filter",
                what=f"'{topic_filter[:120]}' is no topic filter: {fault}.",
                where="filter",
                hint="Write for example acme/+/packaging/# and encode # as %23 in a URL.",
            )
        )
