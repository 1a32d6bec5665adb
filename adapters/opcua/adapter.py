"""How are the nodes of one OPC UA server followed and written?"""

from typing import TYPE_CHECKING, Any

from adapters.opcua.options import Setup, read_setup
from uns.adapter import Fatal, Point, Retriable, Sink, SourceConfig
from uns.adapter_faults import not_connected, not_installed
from uns.errors import Finding

if TYPE_CHECKING:
    from adapters.opcua.follow import Followed
    from adapters.opcua.session import Session


class OpcUaAdapter:
    """Follows nodes by one subscription. asyncua is imported when it runs, so that checking a file stays quick."""

    def __init__(self, config: SourceConfig) -> None:
        self._config = config
        self._session: Session | None = None
        self._followed: Followed | None = None

    def check(self) -> list[Finding]:
        """See `uns.adapter.Adapter.check`."""
        return read_setup(self._config)[1]

    async def run(self, sink: Sink) -> None:
        """See `uns.adapter.Adapter.run`. Runs until cancelled, or until the session breaks off or falls silent."""
        setup = self._setup()
        try:
            from adapters.opcua.follow import Inbox, find_nodes
            from adapters.opcua.session import open_session
        except ImportError as error:
            raise Fatal(not_installed("OPC UA", "asyncua", "opcua", error)) from error
        inbox = Inbox(setup.endpoint, sink)
        async with open_session(setup, inbox.lost) as session:
            followed = await find_nodes(session, setup, sink)
            self._session, self._followed = session, followed
            try:
                await inbox.follow(session, setup, followed)
            finally:
                self._session = self._followed = None

    async def write(self, point: Point, value: Any) -> None:
        """Write a node's value in the type it has on the server. Raises Retriable or Fatal."""
        session, followed = self._session, self._followed
        if session is None or followed is None:
            raise Retriable(not_connected(self._config))
        from adapters.opcua.follow import write_value

        await write_value(session, followed, point, value)

    def _setup(self) -> Setup:
        setup, findings = read_setup(self._config)
        if setup is None:
            raise Fatal(findings[0])
        return setup
