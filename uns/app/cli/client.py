"""How does a command talk to a running server? The HTTP API, with its errors turned into findings."""

import getpass
import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Generator, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import typer

from uns.app.cli.command import OUTCOMES, Refused
from uns.errors import Finding, UnsError

TIMEOUT_S = 10.0
SILENCE_S = 60.0
"""The server sends a comment every 15 s when it has nothing else: past this, the line is dead."""
SAME_CLOCK_MS = 2000

Batch = list[dict[str, Any]]
"""Changed values, as the event stream brings them."""

_HINTS = {
    "unknown.topic": "Look around with: uns tree",
    "unknown.path": "Look around with: uns tree",
    "access.anonymous": "Log in with --user or UNS_USER, and UNS_PASSWORD or UNS_PASSWORD_FILE.",
}
"""The API tells HTTP clients what to do next; at the command line it is a command."""


class Client:
    """server: base address, for example `http://127.0.0.1:8080`. ca: the PEM file to trust; None for the public
    authorities. Raises UnsError for every failure of the server, and typer.BadParameter for an address or file that
    cannot be used. Close it, or use it as a context."""

    def __init__(
        self, server: str, user: str | None = None, ca: Path | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._server = (server if "://" in server else f"http://{server}").rstrip("/")
        auth = (user, _password(user)) if user else None
        try:
            self._http = httpx.Client(
                base_url=self._server, timeout=timeout_s, auth=auth, trust_env=False, verify=_trust(ca)
            )
        except httpx.InvalidURL as error:
            raise typer.BadParameter(f"'{server}' is no address: {error}", param_hint="--server") from error
        if self._http.base_url.scheme not in ("http", "https") or not self._http.base_url.host:
            raise typer.BadParameter(f"'{server}' is no http or https address", param_hint="--server")
        self._ahead_ms = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, resource: str, /, **query: Any) -> Any:
        """GET `/api/v1/{resource}`; queries that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", f"/api/v1/{resource}", params=given)

    def post(self, resource: str, body: Any) -> Any:
        """POST `/api/v1/{resource}`."""
        return self._ask("POST", f"/api/v1/{resource}", json=body)

    def delete(self, resource: str) -> Any:
        """DELETE `/api/v1/{resource}`."""
        return self._ask("DELETE", f"/api/v1/{resource}")

    def health(self) -> tuple[bool, Any]:
        """Is the server ready, and what does each of its checks say?"""
        response = self._send("GET", "/readyz")
        document = _document(response)
        if not isinstance(document, dict) or "checks" not in document:
            raise _not_uns(response)
        return response.status_code == httpx.codes.OK, document

    def now_ms(self) -> int:
        """The server's time, as its last answer told it: ages are right even where the clocks differ."""
        return _wall_ms() + self._ahead_ms

    def stream(self, topic_filter: str, on_dropped: Callable[[int], None]) -> Generator[Batch, None, None]:
        """Batches of values as they come. Ends with UnsError (`unreachable.server`) when the server does."""
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
        query = {"filter": topic_filter}
        try:
            with self._http.stream("GET", "/api/v1/stream", params=query, timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise _failure(response)
                yield from _events(response.iter_lines(), on_dropped)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        raise UnsError(
            Finding(
                id="unreachable.server",
                what=f"{self._server} has ended the stream.",
                hint="The server stops, or restarts: see 'uns health', and subscribe again.",
            )
        )

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._send(method, path, **arguments)
        if response.is_error:
            raise _failure(response)
        return _document(response)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        self._ahead_ms = _clock_offset_ms(response.headers.get("date"))
        return response

    def _unreachable(self, error: Exception) -> UnsError:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return UnsError(
                Finding(
                    id="unreachable.certificate",
                    what=f"the certificate of {self._server} is not trusted ({error}).",
                    hint="Give the authority that signed it with --ca or UNS_CA, and connect to a name that it holds.",
                )
            )
        return UnsError(
            Finding(
                id="unreachable.server",
                what=f"no server answers at {self._server} ({str(error) or type(error).__name__}).",
                hint="Start one with 'uns demo' or 'uns serve DIR', or name another with --server or UNS_SERVER.",
            )
        )


def topic_path(topic: str) -> str:
    """A topic as part of a URL: every level percent-encoded, the slashes kept."""
    return quote(topic, safe="/")


def _trust(ca: Path | None) -> ssl.SSLContext | bool:
    """Whom to trust, and the certificate to show where one is demanded."""
    own = os.environ.get("UNS_CERTIFICATE")
    if ca is None and not own:
        return True
    try:
        context = httpx.create_ssl_context(trust_env=False) if ca is None else ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        raise typer.BadParameter(f"'{ca}' cannot be used: {error}", param_hint="--ca") from error
    if own:
        try:
            context.load_cert_chain(own)
        except OSError as error:
            raise typer.BadParameter(f"'{own}' cannot be used: {error}", param_hint="UNS_CERTIFICATE") from error
    return context


def _password(user: str) -> str:
    """From the file, the environment or, at a terminal, the person."""
    file = os.environ.get("UNS_PASSWORD_FILE")
    if file:
        try:
            return Path(file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot be read: {error}", param_hint="UNS_PASSWORD_FILE") from error
    password = os.environ.get("UNS_PASSWORD")
    if password is None and sys.stdin.isatty():
        return getpass.getpass(f"Password of {user}: ")
    return password or ""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _clock_offset_ms(date: str | None) -> int:
    """How far the server's clock is ahead, from its Date header; 0 within what a header of whole seconds can tell."""
    if date is None:
        return 0
    try:
        offset_ms = round(parsedate_to_datetime(date).timestamp() * 1000) - _wall_ms()
    except ValueError:
        return 0
    return offset_ms if abs(offset_ms) > SAME_CLOCK_MS else 0


def _document(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise _not_uns(response) from error


def _not_uns(response: httpx.Response) -> UnsError:
    return UnsError(
        Finding(
            id="unreachable.server",
            what=f"{response.url} answers {response.status_code}, but not as an uns server does.",
            hint="Is the address right? Name another with --server or UNS_SERVER.",
        )
    )


def _failure(response: httpx.Response) -> UnsError:
    document = _document(response)
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or not error.get("id"):
        return _not_uns(response)
    fields = {name: str(error.get(name) or "") for name in ("id", "what", "where", "hint", "nearest")}
    fields["hint"] = _HINTS.get(fields["id"], fields["hint"])
    finding, outcome = Finding(**fields), document.get("outcome")
    return Refused(finding, outcome) if outcome in OUTCOMES else UnsError(finding)


def _events(lines: Iterator[str], on_dropped: Callable[[int], None]) -> Iterator[Batch]:
    """The `values` of a server-sent event stream; what was shed is told to `on_dropped`."""
    kind, data = "", ""
    for line in lines:
        if line.startswith("event:"):
            kind = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
        elif not line:
            if kind == "values" and data:
                yield json.loads(data)
            elif kind == "dropped" and data:
                on_dropped(json.loads(data)["count"])
            kind, data = "", ""
