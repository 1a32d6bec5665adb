"""How does the platform act as a Sparkplug host application? (Sparkplug B 3.0, sections 5.5, 5.7 and 5.19)

    spBv1.0/#  →  HostSession per edge node  →  events  →  ISA-95 topics, retained JSON, through the same link
    command(topic, value)  →  NCMD / DCMD, typed from the birth

No projected value can come back: only `spBv1.0/#` is read, and nothing is projected there.
"""

from collections.abc import Callable, Iterable
from typing import Any
from zlib import crc32

from uns.clock import Clock
from uns.errors import Finding, UnsError, nearest
from uns.host.asking import Asking, NodeKey
from uns.host.commands import ask_rebirth, born_metric, write
from uns.host.node import OnHistorical, ProjectedNode
from uns.host.projection import Template, default_topic
from uns.host.state import HostState
from uns.host.tree import Tree
from uns.link import Acknowledge, Link, Message
from uns.samples import decode_sample, encode_sample
from uns.sparkplug.born import BornMetric
from uns.sparkplug.host import HostSession
from uns.sparkplug.rebirth import Cause
from uns.sparkplug.status import MetricStatus, NodeStatus, Origin
from uns.sparkplug.topic import NAMESPACE, MessageType, SparkplugTopic, parse_topic

OnFinding = Callable[[Finding, Message | None], None]
"""Told what is wrong in a Sparkplug message, and which message it was; None when time brought it about."""

MAX_ROUTES = 100_000
STATE_INTERVAL_MS = 1000


class SparkplugHost:
    """A Sparkplug host application on one link; `start`, then `tick` about five times a second, then `stop`.

    host_id: names the STATE topic. template: where metrics appear in the tree. on_historical: takes values of the past.
    passive: asks for a rebirth when an operator does only, for a second host beside the primary one.
    start_spread_ms: the first rebirth requests after a start are spread over this time, one fixed moment per node.
    max_nodes: edge nodes followed at most; messages of further ones are counted in `refused` and not read.
    Raises UnsError `sparkplug.topic` for a host id that cannot stand in a topic.
    """

    def __init__(
        self,
        link: Link,
        clock: Clock,
        host_id: str,
        on_finding: OnFinding,
        *,
        on_historical: OnHistorical = lambda topic, sample: None,
        template: Template = default_topic,
        reorder_timeout_ms: int = 2000,
        rebirth_interval_ms: int = 5000,
        start_spread_ms: int = 0,
        passive: bool = False,
        max_nodes: int = 10_000,
    ) -> None:
        self._link = link
        self._clock = clock
        self._state = HostState(host_id)
        self._on_finding = on_finding
        self._on_historical = on_historical
        self._template = template
        self._reorder_timeout_ms = reorder_timeout_ms
        self._rebirth_interval_ms = rebirth_interval_ms
        self._start_spread_ms = start_spread_ms
        self._passive = passive
        self._max_nodes = max_nodes
        self._tree = Tree()
        self._asking = Asking(self._ask_rebirth)
        self._nodes: dict[NodeKey, ProjectedNode] = {}
        self._routes: dict[str, tuple[ProjectedNode, SparkplugTopic]] = {}
        self._current: Message | None = None
        self._started_ms = 0
        self._running = False
        self._state_contested = False
        self._next_state_ms = 0
        self.refused = 0

    # --- the session ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect with the will, subscribe, and only then say that the host is online.

        tck-id-host-topic-phid-birth-sub-required, tck-id-message-flow-phid-sparkplug-subscription. Rebirth requests
        wait for the first `tick` after this, so that the STATE birth is the first publish. Whatever an earlier session
        knew is forgotten.
        """
        self._tree, self._nodes, self._routes, self._asking = Tree(), {}, {}, Asking(self._ask_rebirth)
        self._started_ms = self._clock.monotonic_ms()
        self._link.open(self._state.will(self._clock.wall_ms()))
        self._link.subscribe(self._state.topic, self._receive_state)
        self._link.subscribe(f"{NAMESPACE}/#", self.receive)
        self._running = True
        self._publish(self._state.birth())

    def adopt(self, retained: Iterable[Message]) -> None:
        """Take up the values that a host of this client id left behind without an end, as after `kill -9`.

        Nobody has said that their metrics died, and nobody says that they live: Uncertain until they are born again.
        """
        now_ms = self._clock.wall_ms()
        for message in retained:
            if message.publisher == self._link.client_id and not message.topic.startswith(f"{NAMESPACE}/"):
                sample = decode_sample(message.payload, message.received_ms)
                uncertain = sample and self._tree.adopt(message.topic, sample, now_ms)
                if uncertain is not None:
                    self._link.publish(message.topic, encode_sample(uncertain), retain=True)

    def stop(self) -> None:
        """Say that the host is offline, and disconnect (tck-id-operational-behavior-host-application-termination)."""
        self._running = False
        self._publish(self._state.death(self._clock.wall_ms()))
        self._link.close()

    def receive(self, message: Message) -> None:
        """Take one message of `spBv1.0/#`."""
        route = self._routes.get(message.topic)
        if route is None:
            found = self._route(message)
            if found is None:
                return
            route = found
        node, topic = route
        received_ms, now_ms = message.received_ms or self._clock.wall_ms(), self._clock.monotonic_ms()
        outer, self._current = self._current, message
        events = node.session.receive(
            topic, message.payload, received_ms, now_ms, retained=message.retain, client=message.publisher
        )
        node.apply(events, now_ms)
        self._current = outer

    def tick(self) -> None:
        """Give up missing messages, send rebirth requests that had to wait, take a contested STATE back."""
        wall_ms, now_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        for node in list(self._nodes.values()):
            node.apply(node.session.tick(wall_ms, now_ms), now_ms)
        self._asking.tick(now_ms)
        self._take_state_back(now_ms)

    # --- questions and commands ----------------------------------------------------------------------------------

    def nodes(self) -> list[NodeStatus]:
        """Every edge node seen since the start."""
        return [node.status() for node in self._nodes.values()]

    def node(self, group: str, node: str) -> tuple[NodeStatus, list[MetricStatus]]:
        """One edge node and everything it was born with. Raises UnsError `unknown.node`."""
        found = self._known(group, node)
        return found.status(), found.metrics()

    def origin(self, topic: str) -> Origin | None:
        """The metric behind a topic of the tree, or None."""
        projected = self._tree.get(topic)
        if projected is None:
            return None
        metric = projected.metric
        return Origin(
            group=projected.group,
            node=projected.node,
            device=metric.device,
            metric=metric.name,
            datatype=metric.datatype,
            unit=metric.unit,
            online=projected.online,
        )

    def command(self, topic: str, value: Any, acknowledge: Acknowledge | None = None) -> None:
        """Write the metric behind a topic: an NCMD or DCMD with the datatype of its birth. value: a JSON value.

        Raises UnsError: `unknown.topic` when no metric feeds the topic, `unreachable.node` when its node or device is
        dead, `sparkplug.datatype` when the value does not fit.
        """
        projected = self._tree.get(topic)
        if projected is None:
            what = f"No Sparkplug metric feeds '{topic}'."
            raise UnsError(Finding(id="unknown.topic", what=what, nearest=self._tree.near(topic)))
        if not projected.online:
            what = f"'{topic}' cannot be written: node '{projected.group}/{projected.node}' or its device is offline."
            raise UnsError(Finding(id="unreachable.node", what=what, hint="Try again when it is born."))
        self._send(projected.group, projected.node, projected.metric, value, acknowledge)

    def command_metric(
        self, group: str, node: str, device: str, metric: str, value: Any, acknowledge: Acknowledge | None = None
    ) -> None:
        """`command` for a metric by its name; device "" is the node itself. Raises UnsError: `unknown.node`,
        `unknown.device`, `unknown.metric`, `unreachable.node`, `sparkplug.datatype`."""
        found = self._known(group, node)
        born = born_metric(found.session, f"{group}/{node}", device, metric)
        self._send(group, node, born, value, acknowledge)

    def request_rebirth(self, group: str, node: str) -> bool:
        """Ask a node for its births, as an operator; throttled like every request: False when it waits for its turn.
        Raises UnsError `unknown.node`."""
        found, now_ms = self._known(group, node), self._clock.monotonic_ms()
        wanted = found.session.rebirth.want(Cause.OPERATOR, now_ms)
        found.apply(wanted, now_ms)
        return bool(wanted)

    def _known(self, group: str, node: str) -> ProjectedNode:
        found = self._nodes.get((group, node))
        if found is None:
            name = f"{group}/{node}"
            like = nearest(name, ("/".join(key) for key in self._nodes))
            raise UnsError(Finding(id="unknown.node", what=f"No edge node '{name}' was seen.", nearest=like))
        return found

    # --- sending -------------------------------------------------------------------------------------------------

    def _ask_rebirth(self, key: NodeKey) -> None:
        self._publish(ask_rebirth(*key, self._clock.wall_ms()))

    def _send(self, group: str, node: str, metric: BornMetric, value: Any, acknowledge: Acknowledge | None) -> None:
        message = write(group, node, metric, value, self._clock.wall_ms())
        self._link.publish(message.topic, message.payload, acknowledge=acknowledge)

    def _publish(self, message: Message) -> None:
        self._link.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    # --- receiving -----------------------------------------------------------------------------------------------

    def _route(self, message: Message) -> tuple[ProjectedNode, SparkplugTopic] | None:
        """The node of a topic, followed from now on; None when there is none to follow."""
        if message.topic.startswith(f"{NAMESPACE}/STATE/"):
            if message.topic == self._state.topic:
                self._receive_state(message)
            return None
        try:
            topic = parse_topic(message.topic)
        except UnsError as error:
            self._on_finding(error.finding, message)
            return None
        if topic.type in (MessageType.NCMD, MessageType.DCMD):
            return None
        node = self._nodes.get((topic.group, topic.node)) or self._follow(topic.group, topic.node)
        if node is None:
            self.refused += 1
            return None
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()  # only a cache: the next message of each topic parses it again
        route = self._routes[message.topic] = (node, topic)
        return route

    def _follow(self, group: str, name: str) -> ProjectedNode | None:
        if len(self._nodes) >= self._max_nodes:
            if not self.refused:
                what = f"Edge node '{group}/{name}' is not followed: {self._max_nodes} are followed already."
                self._on_finding(Finding(id="quota.nodes", what=what, hint="Raise the limit."), self._current)
            return None
        not_before_ms = self._started_ms + 1 + crc32(f"{group}/{name}".encode()) % (self._start_spread_ms + 1)
        session = HostSession(
            f"{group}/{name}",
            on_finding=self._found,
            reorder_timeout_ms=self._reorder_timeout_ms,
            rebirth_interval_ms=self._rebirth_interval_ms,
            rebirth_not_before_ms=not_before_ms,
            passive=self._passive,
        )
        node = self._nodes[group, name] = ProjectedNode(
            group,
            name,
            session,
            tree=self._tree,
            link=self._link,
            template=self._template,
            on_finding=self._found,
            on_historical=self._on_historical,
            asking=self._asking,
        )
        return node

    def _found(self, finding: Finding) -> None:
        self._on_finding(finding, self._current)

    def _receive_state(self, message: Message) -> None:
        """Somebody spoke for this host. tck-id-message-flow-hid-sparkplug-state-message-delivered"""
        # A retained one tells of the time before this session, and the birth that follows replaces it.
        if message.retain or not self._running or not self._state.foreign(message.payload):
            return
        self._state_contested = True
        self._take_state_back(self._clock.monotonic_ms())

    def _take_state_back(self, now_ms: int) -> None:
        """At once, but not more often than once a second: two hosts of one id would answer each other for ever."""
        if not self._state_contested or not self._running or now_ms < self._next_state_ms:
            return
        self._state_contested = False
        self._next_state_ms = now_ms + STATE_INTERVAL_MS
        what = f"Another client published on '{self._state.topic}'; this host says again that it is online."
        hint = "Give each host application its own id, and let nobody else publish there."
        self._on_finding(Finding(id="sparkplug.state", what=what, hint=hint), None)
        self._publish(self._state.birth())
