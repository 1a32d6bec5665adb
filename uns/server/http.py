"""How does an ASGI application listen, inside our own event loop?

uvicorn without its signal handlers (the supervisor owns signals), without log configuration of its own and without
trust in forwarded headers. It stops within `GRACE_S`: first the application ends what never ends by itself (event
streams), then requests finish, then what is left is cancelled.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn

from uns.errors import Finding, UnsError
from uns.server.http_patience import PatientProtocol, Upgraded

GRACE_S = 2
BACKLOG = 512

logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to the supervisor

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Without waiting for connections that were upgraded: they are ended by whoever took them over."""
        for server in self.servers:
            server.close()
        self.servers = []
        await super().shutdown(sockets)


class HttpServer:
    """One HTTP listener.

    before_stop: called once when stopping begins. max_connections: past it, a new one takes the place of the one that
    keeps the server waiting longest; when each has a request under way, it is answered 503. upgrades: path to what
    takes over a connection that asks for a WebSocket there; elsewhere such a request is an ordinary one.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        before_stop: Callable[[], None] | None = None,
        max_connections: int = 1000,
        upgrades: Mapping[str, Callable[[], Upgraded]] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._before_stop = before_stop
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            http=type("PatientProtocol", (PatientProtocol,), {"upgrades": upgrades or {}}),
            ws="none",
            limit_concurrency=max_connections + 1,  # uvicorn refuses the one that reaches it
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; `port` 0 becomes the one the system chose. Raises UnsError (`unreachable.port`) when it is taken."""
        listener = _bind(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listener]), name=f"http-{self.port}")

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._server.server_state.connections)

    async def wait(self) -> None:
        """Until it has stopped; raises what made it stop."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Stop within `GRACE_S` and a little; a second call waits for the first."""
        if self._task is None:
            return
        if not self._server.should_exit and self._before_stop is not None:
            self._before_stop()
        self._server.should_exit = True
        await asyncio.gather(self._task, return_exceptions=True)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise UnsError(
            Finding(
                id="unreachable.port",
                what=f"HTTP cannot listen on {host}:{port} ({error.strerror or error}).",
                hint="Stop what uses it, or choose another with --http-port.",
            )
        ) from error
    listener.setblocking(False)
    return listener
