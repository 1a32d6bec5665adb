"""What is known about one topic, so that a publish on it is a look-up and no policy walk?"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from uns.broker.identity import Publisher
from uns.errors import Finding
from uns.link import Message, Receive
from uns.mqtt import encode_publish_head
from uns.policy.verdict import Admission, Check, TopicRule

if TYPE_CHECKING:
    from uns.broker.connection import Connection
    from uns.broker.session import Session
    from uns.broker.subscriptions import ShareGroup

HEADS_KEPT = 64


class Current:
    """The last message a topic took. received_ms: UTC; expires_ms: monotonic, of the retained message.

    refused: why the last message that broke a rule here did so, however long ago; None when none ever did.
    """

    __slots__ = ("expires_ms", "payload", "publisher", "received_ms", "refused", "retained", "updates")

    def __init__(
        self,
        payload: bytes = b"",
        received_ms: int = 0,
        publisher: Publisher | None = None,
        updates: int = 0,
        retained: Message | None = None,
        expires_ms: int | None = None,
    ) -> None:
        self.payload = payload
        self.received_ms = received_ms
        self.publisher = publisher
        self.updates = updates
        self.retained = retained
        self.expires_ms = expires_ms
        self.refused: Finding | None = None


class Target:
    """One session that gets one copy: its overlapping subscriptions merged (MQTT-3.3.4-2, MQTT-3.3.4-4).

    share: the filter `$share/GROUP/FILTER` that it was chosen by; empty for a plain subscription.
    own: for the session's own messages, where some of its subscriptions are No Local and others are not.
    """

    __slots__ = ("identifiers", "no_local", "own", "qos", "retain_as_published", "session", "share")

    def __init__(
        self,
        session: "Session",
        qos: int,
        no_local: bool = False,
        retain_as_published: bool = False,
        identifiers: tuple[int, ...] = (),
        share: str = "",
        own: "Target | None" = None,
    ) -> None:
        self.session = session
        self.qos = qos
        self.no_local = no_local
        self.retain_as_published = retain_as_published
        self.identifiers = identifiers
        self.share = share
        self.own = own


class Former:
    """Who hears a topic by an old name alone. ends_ms: UTC, when its alias ends; None for never."""

    __slots__ = ("ends_ms", "local", "shares", "targets", "topic")

    def __init__(
        self,
        topic: str,
        ends_ms: int | None,
        targets: list[Target],
        shares: "list[ShareGroup]",
        local: list[Receive],
    ) -> None:
        self.topic = topic
        self.ends_ms = ends_ms
        self.targets = targets
        self.shares = shares
        self.local = local


class Fanout:
    """Where a topic's messages go.

    plain_v3, plain_v5: connections that take every message at QoS 0 as it is, so they share one frame per version.
    aliased: the like, but each has topic aliases of its own.
    only_plain: they are all there is. relay_v3, relay_v5: everybody, when a frame of that version may go to all of them
    as it came; the same tuple for equal fan-outs. former: those that get it under another name.
    """

    __slots__ = (
        "aliased",
        "former",
        "local",
        "only_plain",
        "plain_v3",
        "plain_v5",
        "relay_v3",
        "relay_v5",
        "shares",
        "targets",
    )

    def __init__(
        self,
        plain_v3: "list[Connection]",
        plain_v5: "list[Connection]",
        aliased: "list[Connection]",
        targets: list[Target],
        shares: "list[ShareGroup]",
        local: list[Receive],
        relay_v3: "tuple[Connection, ...] | None",
        relay_v5: "tuple[Connection, ...] | None",
        former: list[Former],
    ) -> None:
        self.plain_v3 = plain_v3
        self.plain_v5 = plain_v5
        self.aliased = aliased
        self.targets = targets
        self.shares = shares
        self.local = local
        self.former = former
        self.only_plain = not (targets or shares or local or former)
        self.relay_v3 = relay_v3
        self.relay_v5 = relay_v5

    @property
    def is_kept(self) -> bool:
        """Does a message of QoS 1 or 2 wait on disk for anybody?"""
        ways = [(self.targets, self.shares), *[(former.targets, former.shares) for former in self.former]]
        return any(
            any(target.qos and target.session.number for target in targets)
            or any(member.number for share in shares for member in share.members)
            for targets, shares in ways
        )

    @property
    def plain(self) -> "tuple[Connection, ...]":
        """Everybody who gets one frame and nothing more when a message has no properties."""
        return (*self.plain_v3, *self.plain_v5, *self.aliased)


class Route:
    """A topic compiled: rule, fan-out and current value. Policy and subscriptions renew them when they change.

    admission: the policy that made its rule; the door compares it with its own.
    stray: a topic that nobody may publish on yet; no fan-out is kept for it, because nothing would keep it true.
    """

    __slots__ = (
        "_heads_v3",
        "_heads_v5",
        "admission",
        "check",
        "current",
        "epoch",
        "fanout",
        "rule",
        "stray",
        "topic",
        "topic_bytes",
        "writers",
    )

    def __init__(self, rule: TopicRule, admission: Admission, current: Current, *, stray: bool = False) -> None:
        self.topic = rule.topic
        self.judge_by(rule, admission)
        self.current = current
        self.stray = stray
        self.fanout: Fanout | None = None
        self.epoch = -1
        self.topic_bytes = rule.topic.encode()
        self._heads_v3: dict[int, bytes] = {}
        self._heads_v5: dict[int, bytes] = {}

    def judge_by(self, rule: TopicRule, admission: Admission) -> None:
        """Another rule from now on."""
        self.rule = rule
        self.admission = admission
        self.writers = rule.writers
        self.check: Check | None = _refuse_with(rule.topic_finding) if rule.topic_finding else rule.check

    def frame_v3(self, payload: bytes) -> bytes:
        """The QoS 0 PUBLISH frame of MQTT 3.1.1; its head is kept by payload length."""
        head = self._heads_v3.get(len(payload))
        return (head or self._make_head(self._heads_v3, len(payload), 4)) + payload

    def frame_v5(self, payload: bytes) -> bytes:
        """The QoS 0 PUBLISH frame of MQTT 5, without properties."""
        head = self._heads_v5.get(len(payload))
        return (head or self._make_head(self._heads_v5, len(payload), 5)) + payload

    def _make_head(self, heads: dict[int, bytes], payload_bytes: int, version: int) -> bytes:
        if len(heads) >= HEADS_KEPT:
            heads.clear()
        head = heads[payload_bytes] = encode_publish_head(self.topic_bytes, payload_bytes, 0, version)
        return head


def _refuse_with(finding: Finding) -> Callable[[bytes], Finding | None]:
    return lambda payload: finding
