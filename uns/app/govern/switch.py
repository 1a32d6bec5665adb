"""How do the running parts get another plant? Each is told once, in one turn of the loop; then the sources follow.

accounts ─▶ door and sessions ─▶ API ─▶ history filters ─▶ sources that differ
"""

from collections.abc import Callable, Iterator, Sequence

from uns.app.plant import Plant
from uns.app.sources import Sources
from uns.broker import Broker
from uns.edge.spec import SourceSpec
from uns.history import Recorder
from uns.policy import CompiledAdmission
from uns.policy.plan import SourceChange
from uns.security import Account, Authenticator


class Switch:
    """on_policy: told of the new policy; the HTTP API."""

    def __init__(
        self,
        broker: Broker,
        authenticator: Authenticator,
        sources: Sources,
        recorder: Recorder | None,
        on_policy: Callable[[CompiledAdmission], None],
    ) -> None:
        self._broker = broker
        self._authenticator = authenticator
        self._sources = sources
        self._recorder = recorder
        self._on_policy = on_policy

    async def to(self, before: Plant, after: Plant, admission: CompiledAdmission, accounts: dict[str, Account]) -> None:
        """Let the new plant take over. Only sources that differ stop and start; everything else goes on."""
        self._authenticator.replace(after.access, accounts)
        self._broker.replace_admission(admission, self._authenticator.role_of)
        self._on_policy(admission)
        if self._recorder is not None:
            self._recorder.follow(after.record_filters)
        changes = source_changes(before.sources, after.sources)
        await self._sources.replace(after.sources, {change.name for change in changes})


def source_changes(before: Sequence[SourceSpec], after: Sequence[SourceSpec]) -> Iterator[SourceChange]:
    """Sources that start, stop, or start anew."""
    old, new = ({spec.name: spec for spec in specs} for specs in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield SourceChange(name, "removed")
        elif name not in old:
            yield SourceChange(name, "added")
        elif old[name].stated() != new[name].stated():
            yield SourceChange(name, "changed", "its file")
        elif list(old[name].rules.values()) != list(new[name].rules.values()):
            yield SourceChange(name, "changed", "the rules of its models")
