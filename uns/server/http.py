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
from uns.server.http_patience import REQUEST_S, PatientProtocol, Upgraded
from uns.server.renewal import Served
from uns.server.tls import Handshakes, TlsListener

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
    """One application on a port for plain HTTP, one for HTTPS, or both.

    port, tls_port: None when nothing listens there. names_user: the certificate of a client says who it is.
    before_stop: called once when stopping begins. max_connections: past it, a new one takes the place of the one that
    keeps the server waiting longest; when each has a request under way, it is answered 503. upgrades: path to what
    takes over a connection that asks for a WebSocket there; elsewhere such a request is an ordinary one.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int | None,
        *,
        tls: Served | None = None,
        tls_port: int = 0,
        names_user: bool = False,
        before_stop: Callable[[], None] | None = None,
        max_connections: int = 1000,
        upgrades: Mapping[str, Callable[[], Upgraded]] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.tls_port = None if tls is None else tls_port
        self.handshakes = Handshakes(REQUEST_S, "http")
        self._tls = tls
        self._secure: TlsListener | None = None
        self._before_stop = before_stop
        self._protocol = type(
            "PatientProtocol", (PatientProtocol,), {"upgrades": upgrades or {}, "names_user": names_user}
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            http=self._protocol,
            ws="none",
            limit_concurrency=max_connections + 1,  # uvicorn refuses the one that reaches it
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; a port of 0 becomes the system's choice. Raises UnsError (`unreachable.port`) when one is taken."""
        listeners = [] if self.port is None else [_bind(self.host, self.port)]
        if listeners:
            self.port = listeners[0].getsockname()[1]
        if self._tls is not None and self.tls_port is not None:
            self._secure = TlsListener(self.handshakes, self._tls, self._secured)
            try:
                self.tls_port = await self._secure.start(self.host, self.tls_port)
            except OSError as error:
                for listener in listeners:
                    listener.close()
                raise _taken(self.host, self.tls_port, "http.tls_port", error) from error
        self._task = asyncio.create_task(self._server.serve(listeners), name=f"http-{self.port or self.tls_port}")

    def _secured(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self._protocol(self._server.config, self._server.server_state, {})
        return protocol

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._server.server_state.connections)

    async def wait(self) -> None:
        """Until it has stopped; raises what made it stop."""
        if self._task is None:
            return
        accepting = self._secure.accepting if self._secure is not None else ()
        ended, _ = await asyncio.wait((self._task, *accepting), return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            if not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Stop within `GRACE_S` and a little; a second call waits for the first."""
        if self._task is None:
            return
        if not self._server.should_exit and self._before_stop is not None:
            self._before_stop()
        self._server.should_exit = True
        if self._secure is not None:
            await self._secure.stop()
        await self.handshakes.stop()
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
        raise _taken(host, port, "--http-port", error) from error
    listener.setblocking(False)
    return listener


def _taken(host: str, port: int, setting: str, error: OSError) -> UnsError:
    return UnsError(
        Finding(
            id="unreachable.port",
            what=f"HTTP cannot listen on {host}:{port} ({error.strerror or error}).",
            hint=f"Stop what uses it, or choose another with {setting}.",
        )
    )
