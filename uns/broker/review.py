"""Which subscriptions does a change of the policy, or of a client's role, take away?

All sessions are under review at once, then each is looked through in steps. Meanwhile nothing leaves its queue, and of
its subscriptions only those are in force that its role has a right to: no message passes that should not.
"""

from collections.abc import Callable, Iterable, Iterator

from uns.broker.door import Door
from uns.broker.leftovers import Leftovers
from uns.broker.outgoing import Outgoing
from uns.broker.refusals import rejected_topic
from uns.broker.session import Session
from uns.broker.turns import Turns
from uns.errors import Finding
from uns.policy.verdict import Admission
from uns.topics import TopicTrie, parse_share

STEP = 32
"""Filters or messages."""
RIGHTS_KEPT = 10_000


class Rights:
    """What sessions may subscribe to under one policy; asked of the same filters again and again."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._known: dict[tuple[str, str], bool] = {}

    def allows(self, session: Session, topic_filter: str) -> bool:
        key = (session.role, topic_filter)
        allowed = self._known.get(key)
        if allowed is None:
            if len(self._known) >= RIGHTS_KEPT:
                self._known.clear()
            allowed = self._known[key] = self._admission.may_subscribe(session.role, topic_filter) is None
        return allowed or access_finding(self._admission, session, topic_filter) is None


def access_finding(admission: Admission, session: Session, topic_filter: str) -> Finding | None:
    """Why the session's role may not have this subscription, or None; everybody may hear of its own refusals."""
    bare = parse_share(topic_filter)[1]
    if bare == rejected_topic(session.client_id):
        return None
    return admission.may_subscribe(session.role, bare)


class Reviews:
    """unsubscribe: ends subscriptions of a session, in steps."""

    def __init__(
        self,
        door: Door,
        turns: Turns,
        leftovers: Leftovers,
        unsubscribe: Callable[[Session, list[str]], Iterator[None]],
    ) -> None:
        self._door = door
        self._turns = turns
        self._leftovers = leftovers
        self._unsubscribe = unsubscribe

    def begin(self, sessions: Iterable[Session]) -> None:
        """No subscription outlives the right to it; one that is under review already begins anew."""
        rights = Rights(self._door.admission)
        concerned = []
        for session in sessions:
            if session.subscriptions:
                session.review = rights
                concerned.append(session)
        if concerned:
            self._turns.in_steps(self._steps(concerned, rights))

    def _steps(self, sessions: list[Session], rights: Rights) -> Iterator[None]:
        for session in sessions:
            if session.review is rights:  # else it has ended, or a later review looks at it
                yield from self._look_through(session, rights)
            if session.review is rights:
                session.reviewed()
            yield

    def _look_through(self, session: Session, rights: Rights) -> Iterator[None]:
        """End the subscriptions that the session's role may not have, with what came by none of the others."""
        lost = set()
        for number, topic_filter in enumerate(list(session.subscriptions), 1):
            if not rights.allows(session, topic_filter):
                lost.add(topic_filter)
            if number % STEP == 0:
                yield
        if not lost:
            return
        unwanted: set[Outgoing] = set()
        yield from self._find_unwanted(session, lost, unwanted)
        if session.review is not rights:
            return
        taken = session.withdraw(lambda outgoing: outgoing.released or outgoing not in unwanted)
        # Before the subscriptions leave the disk: after a crash in between they are reviewed again.
        yield from self._leftovers.settle(taken, sum(outgoing.bytes for outgoing in taken))
        yield from self._unsubscribe(session, [each for each in lost if each in session.subscriptions])

    def _find_unwanted(self, session: Session, lost: set[str], unwanted: set[Outgoing]) -> Iterator[None]:
        """What came by these subscriptions alone. What comes meanwhile is in force, and so not looked at."""
        plain: TopicTrie[str] = TopicTrie()
        for number, topic_filter in enumerate(list(session.subscriptions), 1):
            if topic_filter not in lost and not topic_filter.startswith("$share/"):
                plain.set(topic_filter, topic_filter)
            if number % STEP == 0:
                yield
        for number, outgoing in enumerate([*session.inflight.values(), *session.queue], 1):
            if outgoing.share:
                is_wanted = outgoing.share in session.subscriptions and outgoing.share not in lost
            else:
                is_wanted = bool(plain.matching(outgoing.message.topic))
            if not is_wanted:
                unwanted.add(outgoing)
            if number % STEP == 0:
                yield
