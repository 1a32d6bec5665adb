"""How does a connection become a TLS connection, and what becomes of one that does not?

    accepted, one per turn ── handshake ──▶ the protocol it is for
                                  └─ failed, or not done in time: cut, counted, told once per kind

What waits for its handshake costs a socket and nothing of the broker. Few are under way at a time, because each costs
the loop up to a millisecond of arithmetic, and a flood may send all its hellos at once. The next ones wait in the
kernel, until one is done or the one that has kept the server waiting longest has had `PATIENCE_S`: it makes room.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Collection

from uns.server.driver import GRACE_S
from uns.server.renewal import Served

log = logging.getLogger(__name__)

UNDER_WAY = 32
PATIENCE_S = 0.25
"""A handshake is two round trips; when others wait, it gets no more than this."""
KINDS_TOLD = 20
"""Of failures, in the log; the reasons of OpenSSL are a few dozen, and all are counted."""
BACKLOG = 1024
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
EXHAUSTED_PAUSE_S = 1.0
"""As long as asyncio waits before it accepts again, once there are no file descriptors left."""
_NOT_TRUSTED = "the client does not trust our certificate: give it the certificate of the authority that signed it"
_NO_TLS = "the client speaks no TLS on this port: set it to TLS, or to the port without"
_NO_COMMON_VERSION = "the client speaks no TLS from 1.2 on: update it"
WHAT_TO_DO = {
    "TLSV1_ALERT_UNKNOWN_CA": _NOT_TRUSTED,
    "TLSV1_ALERT_DECRYPT_ERROR": _NOT_TRUSTED,  # it trusts an older authority of the same name
    "SSLV3_ALERT_BAD_CERTIFICATE": "the client finds our certificate bad: give it that of the authority that signed "
    "it, and connect it to a name that ours holds",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _NOT_TRUSTED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client finds our certificate expired: renew it, or set the client's clock",
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "HTTPS_PROXY_REQUEST": _NO_TLS,
    "UNSUPPORTED_PROTOCOL": _NO_COMMON_VERSION,
    "TLSV1_ALERT_PROTOCOL_VERSION": _NO_COMMON_VERSION,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "{section}.tls_client_ca demands a certificate and the client sent none",
}
"""By the reason of OpenSSL. Which alert a client sends depends on its library. section: of the settings."""
_UNSUITABLE = "unsuitable certificate purpose"


class Handshakes:
    """Those of one server. failed: how many came to nothing. timeout_s: for each, from the connect. section: of its
    settings, `mqtt` or `http`."""

    def __init__(self, timeout_s: float, section: str = "mqtt") -> None:
        self.failed = 0
        self.section = section
        self._timeout_s = timeout_s
        self._under_way: dict[asyncio.Task[None], float] = {}
        self._told: set[str] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def begin(self, peer: socket.socket, tls: ssl.SSLContext, inner: Callable[[], asyncio.Protocol]) -> None:
        """Secure an accepted socket, then let `inner` make what speaks on it."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._shake_hands(peer, tls, inner), name="tls handshake")
        self._under_way[task] = loop.time()
        task.add_done_callback(self._ended)

    async def room(self) -> None:
        """Wait until one more may begin."""
        loop = asyncio.get_running_loop()
        while len(self._under_way) >= UNDER_WAY:
            oldest, began_s = next(iter(self._under_way.items()))
            left_s = began_s + PATIENCE_S - loop.time()
            if left_s > 0:
                await asyncio.wait(self._under_way, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            else:
                del self._under_way[oldest]
                oldest.cancel()

    async def stop(self) -> None:
        """Cut what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _shake_hands(
        self, peer: socket.socket, tls: ssl.SSLContext, inner: Callable[[], asyncio.Protocol]
    ) -> None:
        host = ""
        try:
            host = peer.getpeername()[0]
            await asyncio.get_running_loop().connect_accepted_socket(
                inner,
                peer,
                ssl=tls,
                ssl_handshake_timeout=self._timeout_s,
                ssl_shutdown_timeout=GRACE_S,
            )
        except OSError as error:  # ssl.SSLError, a timeout and a lost connection are all of them
            self._fail(host, error)
        except asyncio.CancelledError:
            self._fail(host, None)
            raise

    def _fail(self, host: str, error: OSError | None) -> None:
        self.failed += 1
        reason = _reason(error).replace("{section}", self.section)
        if reason not in self._told and len(self._told) < KINDS_TOLD:
            self._told.add(reason)
            log.warning("TLS handshake of %s failed: %s; further ones like it are only counted", host, reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self.failed += 1
            log.error("a TLS handshake ended in a defect", exc_info=task.exception())


class TlsListener:
    """Accepts on the addresses of one host: one connection per turn of the event loop, so that a flood takes turns."""

    def __init__(self, handshakes: Handshakes, tls: Served, inner: Callable[[], asyncio.Protocol]) -> None:
        self._handshakes = handshakes
        self._tls = tls
        self._inner = inner
        self._name = f"{handshakes.section.upper()} over TLS"
        self._accepting: dict[asyncio.Task[None], socket.socket] = {}

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError when an address is taken."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listeners: list[socket.socket] = []
        try:
            for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
                listener = socket.create_server((address[0], port), family=family, backlog=BACKLOG)
                listeners.append(listener)
                port = listener.getsockname()[1]
        except OSError:
            for listener in listeners:
                listener.close()
            raise
        for listener in listeners:
            listener.setblocking(False)
            self._accepting[loop.create_task(self._accept(listener), name=f"{self._name} {port}")] = listener
        return port

    @property
    def accepting(self) -> Collection[asyncio.Task[None]]:
        """A task for each address; none of them ends by itself unless nobody is accepted there any more."""
        return self._accepting.keys()

    def is_serving(self) -> bool:
        return bool(self._accepting) and not any(task.done() for task in self._accepting)

    async def stop(self) -> None:
        """Accept nobody more."""
        for task in self._accepting:
            task.cancel()
        if self._accepting:
            await asyncio.wait(self._accepting)
        for listener in self._accepting.values():
            listener.close()
        self._accepting.clear()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._handshakes.room()
            try:
                peer, _ = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # gone again before it was accepted
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    log.error("%s accepts nobody more", self._name, exc_info=error)
                    raise
                log.error("%s cannot accept (%s); it tries again", self._name, error.strerror)
                await asyncio.sleep(EXHAUSTED_PAUSE_S)
                continue
            self._handshakes.begin(peer, self._tls.context, self._inner)


def _reason(error: OSError | None) -> str:
    if error is None:
        return "it had to make room, or the server stopped"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _refused_certificate(error.verify_message)
    if isinstance(error, ssl.SSLError) and error.reason:
        text = error.reason.replace("_", " ").lower()
        return f"{WHAT_TO_DO[error.reason]} ({text})" if error.reason in WHAT_TO_DO else text
    if isinstance(error, ConnectionAbortedError):
        return "it was not done in time"
    if isinstance(error, ConnectionError):
        return (
            "the client went away; when it comes again and again, it may not trust our certificate, or not find in it "
            "the name that it connects to"
        )
    return type(error).__name__


def _refused_certificate(fault: str) -> str:
    """fault: OpenSSL's words about a client's certificate."""
    if fault == _UNSUITABLE:
        advice = "make it one for clients (extendedKeyUsage=clientAuth)"
    else:
        advice = "give it one that is valid today and signed by an authority in {section}.tls_client_ca"
    return f"the client's certificate is refused ({fault}): " + advice
