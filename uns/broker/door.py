"""The one door: every message is judged here, becomes current, and is delivered.

    offer ─▶ route (compiled once per topic) ─▶ access ─▶ contract ─▶ current value ─▶ fan-out
                                                  └──────────┴─▶ mode ─▶ violation, notice, refusal

Only this file and its parts (`routes`, `retaining`, `old_names`) touch routes, current values and retained messages.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain

from uns.broker.connection import Connection
from uns.broker.identity import Publisher
from uns.broker.kept import Retained
from uns.broker.ledger import Ledger
from uns.broker.limits import Limits
from uns.broker.old_names import MOVED_FROM, OldNames, renamed
from uns.broker.passing import LARGE_BYTES, Passing
from uns.broker.refusals import (
    OnDefect,
    OnWrite,
    Refusals,
    malformed_topic,
    marked,
    payload_format_fault,
    rejected_topic,
    rejection_notice,
    tagged,
    unfed,
)
from uns.broker.retained import retained_finding
from uns.broker.retaining import Retaining
from uns.broker.route import Current, Fanout, Former, Route, Target
from uns.broker.routes import Routes
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionTable
from uns.clock import Clock
from uns.errors import Finding
from uns.link import Message, Properties, Receive
from uns.mqtt import PublishRun
from uns.mqtt.wire import MAX_TEXT_BYTES
from uns.policy.access import INTERNAL
from uns.policy.verdict import ACCEPTED, Admission, Moved, Outcome, TopicRule, Verdict, judge
from uns.policy.violation import Violation
from uns.topics import topic_fault


class Door:
    """now_ms: wall time of the turn, set by whoever starts one (a received chunk, a tick, a publish)."""

    def __init__(
        self,
        admission: Admission,
        clock: Clock,
        limits: Limits,
        stats: Stats,
        ledger: Ledger,
        on_violation: Callable[[Violation], None] | None,
        on_defect: OnDefect | None,
    ) -> None:
        self.admission = admission
        self.subscriptions = SubscriptionTable()
        self.now_ms = clock.wall_ms()
        self._clock = clock
        self._limits = limits
        self._stats = stats
        self._ledger = ledger
        self._refusals = Refusals(stats, on_violation, on_defect)
        self._passing = Passing(limits.max_memory_bytes, stats)
        self.retaining = Retaining(clock, stats, ledger, self._passing)
        self.topics = self.retaining.topics
        self.old_names = OldNames(admission, self.retaining)
        self._routes = Routes(limits, stats, self.subscriptions, self.retaining, self._passing)
        self.known = self._routes.known
        self.memory_finding: Callable[[Message | None, str, bytes, Properties | None], Finding | None] | None = None
        """Why memory is too short to retain this in the place of that, or None."""
        self.on_write: OnWrite | None = None

    def offer(
        self,
        publisher: Publisher,
        topic: str,
        payload: bytes,
        qos: int,
        retain: bool,
        properties: Properties | None,
    ) -> Verdict:
        """Judge one message and, unless refused, make it current and deliver it. The only way in."""
        route = self._routes.by_topic.get(topic) or self._routes.stray(topic, publisher.role)
        if route is None:
            finding = self._name_finding(topic)
            if finding is not None:
                return self.refuse(publisher, Message(topic, payload, qos, retain), finding)
            moved = self.old_names.moved(topic, self.now_ms)
            if moved is not None:
                return self._offer_moved(moved, publisher, Message(topic, payload, qos, retain, properties))
            finding = self._routes.room_finding(topic)
            if finding is not None:
                return self.refuse(publisher, Message(topic, payload, qos, retain), finding)
            route = self._routes.compile(topic, publisher.role, self.admission.rule(topic), self.admission)
        elif route.admission is not self.admission:
            rule = self.admission.rule(topic)
            if rule.moved is not None and rule.moved.alias.in_force(self.now_ms):
                self._leave(topic, rule.moved)
                return self._offer_moved(rule.moved, publisher, Message(topic, payload, qos, retain, properties))
            route.judge_by(rule, self.admission)
        return self._admit(route, route.rule, publisher, topic, payload, qos, retain, properties)

    def _admit(
        self,
        route: Route,
        rule: TopicRule,
        publisher: Publisher,
        topic: str,
        payload: bytes,
        qos: int,
        retain: bool,
        properties: Properties | None,
    ) -> Verdict:
        """Judge a message by a rule, and deliver it on a route."""
        finding = None
        if rule is not route.rule or properties is not None or not self._keeps(route, publisher.role, payload, retain):
            finding = self._finding(rule, publisher.role, payload, retain, properties)
        verdict = ACCEPTED if finding is None else judge(rule.mode, finding)
        if retain and payload and verdict.delivered and self._may_exceed(route.current.retained, payload, properties):
            excess = self._excess_finding(route.current.retained, topic, payload, properties)
            if excess is not None:
                finding, verdict = excess, judge(rule.mode, excess)
        if finding is not None:
            message = Message(topic, payload, qos, retain, properties, publisher.client_id, self.now_ms)
            self._refusals.record(verdict, publisher, message, rule.mode, self.now_ms)
            if not verdict.delivered:
                route.current.refused = finding
                return verdict
            if verdict.outcome is Outcome.WARNED:
                properties = tagged(properties, finding)
        if rule.writable and publisher.role != INTERNAL and payload:
            written = self._written(rule, publisher, Message(topic, payload, qos, retain, properties))
            if written is not None:
                return written
        fanout = route.fanout
        if fanout is None or route.epoch != self._routes.epoch or route.stray:
            fanout = self._routes.fan_out(route)
        if qos and self._ledger.failing is not None and (retain or fanout.is_kept):
            self._stats.publishes_unkept += 1
            return Verdict(Outcome.REJECTED, self._ledger.failing)
        current = route.current
        current.payload = payload
        if len(payload) > LARGE_BYTES:
            if retain:
                self._passing.forget(current)
            else:
                self._passing.weigh(current, payload)
        current.received_ms = self.now_ms
        current.publisher = publisher
        current.updates += 1
        if properties is None:
            if fanout.plain_v3:
                self._send_plain(fanout.plain_v3, route.frame_v3(payload))
            if fanout.plain_v5:
                self._send_plain(fanout.plain_v5, route.frame_v5(payload))
            if fanout.aliased:
                self._send_aliased(fanout.aliased, route, payload)
            if fanout.only_plain and not retain:
                return verdict
        message = Message(topic, payload, qos, retain, properties, publisher.client_id, self.now_ms)
        self._deliver(current, fanout, message, publisher)
        return verdict

    # --- old names ----------------------------------------------------------------------------------------------

    def _offer_moved(self, moved: Moved, publisher: Publisher, message: Message) -> Verdict:
        """Publish on the new name; a publisher that keeps the rule there is told of it, and counted."""
        rule = moved.rule
        new = rule.topic
        finding = self._name_finding(new) or (None if new in self._routes.by_topic else self._routes.room_finding(new))
        if finding is not None:
            return self.refuse(publisher, message, finding)
        route = self._routes.by_topic.get(new)
        if route is None:
            may = publisher.role in rule.publishers  # by the old name, which gives no right to the new one itself
            own, role = self.admission.rule(new), INTERNAL if may else publisher.role
            route = self._routes.compile(new, role, own, self.admission)
        elif route.admission is not self.admission:
            route.judge_by(self.admission.rule(new), self.admission)
        properties = marked(message.properties, MOVED_FROM, message.topic)
        verdict = self._admit(route, rule, publisher, new, message.payload, message.qos, message.retain, properties)
        if verdict.delivered:
            self.old_names.note(moved.alias, publisher.client_id, self.now_ms)
            self._stats.messages_moved += 1
        return moved.verdict if verdict.finding is None else verdict

    def _leave(self, topic: str, moved: Moved) -> None:
        """A topic has become an old name: what it retains is retained by the new one, unless something is there.

        Where there is no room for that now, it stays: nothing is lost.
        """
        current, new = self.topics.get(topic), self.topics.get(moved.rule.topic)
        if current is not None and current.retained is not None:
            is_free = new is None or new.retained is None
            if is_free and not self._pass_on(current.retained, current.expires_ms, moved.rule.topic):
                return
            self.retaining.clear(topic, current, acknowledged=False)
        self._routes.forget(topic)

    def _pass_on(self, retained: Message, expires_ms: int | None, topic: str) -> bool:
        """Publish what one topic retains on another, no younger than it is. False when there is no room for it."""
        properties = retained.properties
        if properties is not None and expires_ms is not None:
            left_ms = expires_ms - self._clock.monotonic_ms()
            if left_ms <= 0:
                return True
            properties = {**properties, "message_expiry_interval": -(-left_ms // 1000)}
        message = Message(topic, retained.payload, retained.qos, True, properties, "", retained.received_ms)
        finding = self._offer_as_of(Publisher(retained.publisher, INTERNAL), message).finding
        return finding is None or finding.family not in ("quota", "storage")

    def _offer_as_of(self, publisher: Publisher, message: Message) -> Verdict:
        """Offer a message that is current as of its `received_ms`, not of now."""
        now_ms, self.now_ms = self.now_ms, message.received_ms
        try:
            return self.offer(
                publisher, message.topic, message.payload, message.qos, message.retain, message.properties
            )
        finally:
            self.now_ms = now_ms

    def leave_old_names(self) -> Iterator[None]:
        """After a change of policy, in steps: nothing stays under an old name."""
        left = []
        for topic in self.old_names.left_behind(self.now_ms):
            if topic is not None:
                left.append(topic)
            yield
        for topic in left:
            moved = self.old_names.moved(topic, self.now_ms)
            if moved is not None:
                self._leave(topic, moved)
            yield

    def offer_run(self, publisher: Publisher, run: PublishRun, version: int) -> list[tuple[str, Verdict]]:
        """`offer` for a run of plain messages: the same judgement of each, delivered in bulk. Returns the refusals.

        Neighbours that go to the same connections, in the protocol version that they came in, are passed on as the
        bytes they came in. Anything out of the ordinary goes through `offer`, which alone decides about it.
        """
        refusals: list[tuple[str, Verdict]] = []
        data, begin, end = run.data, run.start, run.start
        role, now_ms, is_v5 = publisher.role, self.now_ms, version == 5
        epoch = self._routes.epoch
        passing: tuple[Connection, ...] = ()
        waiting, large = 0, LARGE_BYTES
        for about, payload, stop in run.messages:
            route: Route = about
            fanout = route.fanout
            if fanout is not None and route.epoch == epoch and role in route.writers:
                relay = fanout.relay_v5 if is_v5 else fanout.relay_v3
                check = route.check
                try:
                    keeps = relay is not None and (check is None or check(payload) is None)
                except Exception:
                    keeps = False  # `offer` asks again, and tells of it
                if keeps and relay is not None:
                    current = route.current
                    current.payload = payload
                    if len(payload) > large:
                        self._passing.weigh(current, payload)
                    current.received_ms = now_ms
                    current.publisher = publisher
                    current.updates += 1
                    if relay is not passing:
                        self._relay(passing, data[begin:end], waiting)
                        passing, begin, waiting = relay, end, 0
                    waiting += 1
                    end = stop
                    continue
            self._relay(passing, data[begin:end], waiting)
            verdict = self.offer(publisher, route.topic, payload, 0, False, None)
            if not verdict.delivered:
                refusals.append((route.topic, verdict))
            begin, end, waiting, epoch = stop, stop, 0, self._routes.epoch
        self._relay(passing, data[begin:end], waiting)
        return refusals

    def _relay(self, connections: tuple[Connection, ...], frames: bytes, count: int) -> None:
        """Pass `count` frames on as they are."""
        if not count:
            return
        for connection in connections:
            if connection.congested:
                connection.shed(count)
            else:
                connection.write(frames)
        self._stats.messages_out += count * len(connections)

    def replay(self, publisher: Publisher, message: Message) -> Verdict:
        """Offer what quarantine held: judged by the rules of now, current as of the time at which it came first, which
        is `received_ms`. What is refused again is held already, and not recorded anew."""
        verdict = self.check(message.topic, message.payload, publisher.role, message.retain, message.properties)
        if not verdict.delivered:
            return verdict
        return self._offer_as_of(publisher, message)

    def check(
        self, topic: str, payload: bytes, role: str, retain: bool = False, properties: Properties | None = None
    ) -> Verdict:
        """What would this message get? Nothing is published, counted or kept."""
        finding = self._name_finding(topic)
        if finding is not None:
            return Verdict(Outcome.REJECTED, finding)
        moved = self.old_names.moved(topic, self.now_ms)
        rule = self.admission.rule(topic) if moved is None else moved.rule
        finding = self._finding(rule, role, payload, retain, properties)
        if finding is None:
            return ACCEPTED if moved is None else moved.verdict
        return judge(rule.mode, finding)

    def foresee(self, publisher: Publisher, message: Message) -> Verdict:
        """Judge a message that is to be published later (a will); a refusal is recorded like any other."""
        finding = self._name_finding(message.topic)
        if finding is not None:
            return self.refuse(publisher, message, finding)
        moved = self.old_names.moved(message.topic, self.now_ms)
        rule = self.admission.rule(message.topic) if moved is None else moved.rule
        finding = self._finding(rule, publisher.role, message.payload, message.retain, message.properties)
        if finding is None:
            return ACCEPTED
        verdict = judge(rule.mode, finding)
        if not verdict.delivered:
            self._refusals.record(verdict, publisher, message, rule.mode, self.now_ms)
        return verdict

    def _keeps(self, route: Route, role: str, payload: bytes, retain: bool) -> bool:
        """Is a plain message surely good? Asked first, since it looks at nothing but the route. `_finding` tells why
        another one is not, or that it is good all the same."""
        if role not in route.writers or (retain and not payload):
            return False
        check = route.check
        try:
            return check is None or check(payload) is None
        except Exception:
            return False  # `_finding` asks again, and tells of it

    def _finding(
        self, rule: TopicRule, role: str, payload: bytes, retain: bool, properties: Properties | None
    ) -> Finding | None:
        """What is wrong with a message: access first, then what it says of itself, then hierarchy and contract,
        and last whether a source owns the topic."""
        if role not in rule.publishers:
            return rule.access_finding(role)
        if properties is not None and (fault := payload_format_fault(payload, properties)) is not None:
            return fault
        if retain and not payload:
            return None  # clearing is subject to access alone
        if properties is not None and rule.content is not None and "content_type" in properties:
            fault = rule.content(properties["content_type"])
            if fault is not None:
                return fault
        fault = rule.topic_finding
        if fault is None and rule.check is not None:
            try:
                fault = rule.check(payload)
            except Exception as error:  # a validator that fails must never let a message pass unjudged
                return self._refusals.validator_failed(rule.topic, error)
        return fault if fault is not None or rule.owned is None or rule.writable else rule.owned_finding(role)

    def _written(self, rule: TopicRule, publisher: Publisher, message: Message) -> Verdict | None:
        """Hand a good message on a writable topic to the device that feeds it. None when no device does: then it is a
        value like any other, unless a source owns the topic and is only not there yet."""
        try:
            verdict = None if self.on_write is None else self.on_write(rule.topic, message.payload)
        except Exception as error:
            verdict = self._refusals.write_failed(rule.topic, error)
        if verdict is None and rule.owned is not None:
            verdict = Verdict(Outcome.REJECTED, unfed(rule.topic))
        if verdict is not None and verdict.finding is not None:
            message.publisher, message.received_ms = publisher.client_id, self.now_ms
            self._refusals.record(verdict, publisher, message, rule.mode, self.now_ms)
        return verdict

    def _may_exceed(self, before: Message | None, payload: bytes, properties: Properties | None) -> bool:
        """Can a retained message take more room than the one before it? What is no larger needs no look at limits."""
        if before is None or properties is not None or before.properties is not None:
            return True
        return len(payload) > len(before.payload)

    def _excess_finding(
        self, before: Message | None, topic: str, payload: bytes, properties: Properties | None
    ) -> Finding | None:
        """Why there is no room to retain this in the place of `before`, or None."""
        finding = retained_finding(self._limits, self._stats, before, topic, payload, properties)
        if finding is None and self.memory_finding is not None:
            finding = self.memory_finding(before, topic, payload, properties)
        return finding

    def _name_finding(self, topic: str) -> Finding | None:
        fault = topic_fault(topic) or self.depth_fault(topic)
        return malformed_topic(topic, fault) if fault else None

    def depth_fault(self, topic: str) -> str:
        """Why a topic name or filter is too deep or too long, or an empty string."""
        limit = self._limits.max_topic_bytes
        if len(topic) * 4 > limit and len(topic.encode()) > limit:
            return f"it has more than {limit} bytes (mqtt.max_topic_bytes)"
        limit = self._limits.max_topic_levels
        return f"it has more than {limit} levels (mqtt.max_topic_levels)" if topic.count("/") >= limit else ""

    def replace_admission(self, admission: Admission) -> None:
        """Change the policy hot: every topic is judged anew at its next message, so a million of them take no time."""
        self.admission = admission
        self._routes.epoch += 1  # whoever passes on in bulk asks `offer`, which sees that the rule is of another policy
        self._routes.forget_strays()
        self.old_names.renew(admission)

    # --- behind the door ----------------------------------------------------------------------------------------

    def _deliver(self, current: Current, fanout: Fanout, message: Message, publisher: Publisher) -> None:
        """Retain, and send to everybody who does not take the shared plain frames of this message."""
        expires_ms = self.retaining.expires_ms(message.properties)
        if message.retain:
            self.retaining.retain(current, message, expires_ms)
        if message.properties is not None:
            for connection in fanout.plain:
                if connection.session is not None:
                    connection.session.deliver(message, Target(connection.session, 0), 0, False, expires_ms)
        for target in fanout.targets:
            self._send_target(message, target, publisher, expires_ms)
        for share in fanout.shares:
            chosen = share.choose()
            if chosen is not None:
                self._send_target(message, chosen, publisher, expires_ms)
        self._hand_over(message, fanout.local)
        for former in fanout.former:
            if former.ends_ms is None or self.now_ms < former.ends_ms:
                self._deliver_former(former, message, publisher, expires_ms)

    def _deliver_former(self, former: Former, message: Message, publisher: Publisher, expires_ms: int | None) -> None:
        """Send to those who hear the topic by an old name alone, under that name."""
        under = renamed(message, former.topic)
        for target in former.targets:
            self._send_target(under, target, publisher, expires_ms)
        for share in former.shares:
            chosen = share.choose()
            if chosen is not None:
                self._send_target(under, chosen, publisher, expires_ms)
        self._hand_over(under, former.local)

    def _hand_over(self, message: Message, receivers: list[Receive]) -> None:
        for receive in receivers:
            try:
                receive(message)
            except Exception as error:  # a part of the platform that fails is not the publisher's fault
                self._refusals.receiver_failed(message.topic, error)

    def _send_plain(self, connections: list[Connection], frame: bytes) -> None:
        for connection in connections:
            if connection.congested:
                connection.shed()
            else:
                connection.write(frame)
        self._stats.messages_out += len(connections)

    def _send_aliased(self, connections: list[Connection], route: Route, payload: bytes) -> None:
        for connection in connections:
            if connection.congested:
                connection.shed()  # before an alias is set: what is not sent must set none
            else:
                aliases = connection.outgoing_aliases
                frame = aliases.frame(route.topic, payload) if aliases is not None else None
                connection.write(frame or route.frame_v5(payload))
        self._stats.messages_out += len(connections)

    def _send_target(self, message: Message, target: Target, publisher: Publisher, expires_ms: int | None) -> None:
        session = target.session
        if (target.no_local or target.own is not None) and session.client_id == publisher.client_id:  # MQTT-3.8.3-3
            if target.own is None:
                return
            target = target.own
        qos = min(message.qos, target.qos)
        session.deliver(message, target, qos, message.retain and target.retain_as_published, expires_ms)

    def invalidate(self, topic_filters: Collection[str]) -> None:
        """Subscriptions to these filters, shared ones among them, have come or gone."""
        self._routes.invalidate(self.old_names.translated(topic_filters))

    def restore(self, retained: Iterable[Retained]) -> None:
        """Take up the retained messages of the last run; nobody is subscribed yet."""
        self.retaining.restore(retained)

    def search_retained(self, topic_filter: str) -> Iterator[tuple[Message, int | None] | None]:
        """(message, monotonic expiry or None) of each retained message that a filter matches, by a name that it has or
        had; None now and then."""
        return chain(self.retaining.search(topic_filter), self.old_names.search(topic_filter, self.now_ms))

    # --- refusals -----------------------------------------------------------------------------------------------

    def refuse(self, publisher: Publisher, message: Message, finding: Finding) -> Verdict:
        """Refuse a message that breaks the standard itself, whatever the mode of its branch; recorded like any."""
        verdict = Verdict(Outcome.REJECTED, finding)
        self._refusals.record(verdict, publisher, message, None, self.now_ms)
        return verdict

    def notify_rejected(self, client_id: str, topic: str, verdict: Verdict) -> None:
        """Tell a client that cannot be told in the acknowledgement, on `$uns/rejected/<client id>`."""
        notice_topic = rejected_topic(client_id)
        if len(notice_topic) <= MAX_TEXT_BYTES:  # else nobody could subscribe to it either
            self.announce(notice_topic, rejection_notice(topic, verdict, self.now_ms))

    def announce(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """The broker's own word on a `$` topic; nobody else may publish there, so nobody judges it."""
        current = self.topics.get(topic) if retain else None
        if retain and current is None:
            current = Current()
            self.topics.set(topic, current)
        if current is not None:
            current.payload, current.received_ms = payload, self.now_ms
            current.retained = Message(topic, payload, 0, True, None, "", self.now_ms)  # our own counts for no limit
        message = Message(topic, payload, 0, retain, None, "", self.now_ms)
        fanout = self.subscriptions.fanout(topic)
        for connection in fanout.plain:
            if connection.session is not None:
                connection.session.deliver(message, Target(connection.session, 0), 0, False, None)
        for target in fanout.targets:
            target.session.deliver(message, target, 0, retain and target.retain_as_published, None)
        for share in fanout.shares:
            chosen = share.choose()
            if chosen is not None:
                chosen.session.deliver(message, chosen, 0, retain and chosen.retain_as_published, None)
        self._hand_over(message, fanout.local)
