"""Who sends this HTTP request, and did a foreign web page make the browser send it?

Two attacks reach a server on localhost through the browser of someone who sits there: DNS rebinding (a foreign name
that resolves to 127.0.0.1, told by the Host header) and cross-site requests (told by Origin, or by Sec-Fetch-Site).
"""

import base64
import binascii
from collections.abc import Collection, Mapping

from msgspec import structs

from uns.errors import Finding
from uns.security.address import is_loopback, is_loopback_name
from uns.security.authenticator import Authenticator, Identity

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("forwarded", "x-forwarded-for")
PROXIED = "via-proxy-at-"
"""Before an address, which is then no loopback address."""


class HttpGuard:
    """Identities for HTTP: Basic credentials (RFC 7617), or none where the plant allows anonymous access.

    allowed_origins: of pages elsewhere that may open a WebSocket here, such as `https://hmi.example`.
    """

    def __init__(self, authenticator: Authenticator, allowed_origins: Collection[str] = ()) -> None:
        self._authenticator = authenticator
        self._allowed_origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)

    async def identify(
        self, method: str, headers: Mapping[str, str], address: str, certified: str | None = None
    ) -> Identity | Finding:
        """The identity behind a request, or why it is refused. `headers` looks names up regardless of case.

        certified: the user that a verified certificate names, which then counts instead of credentials.
        """
        if method not in SAFE_METHODS:
            foreign = foreign_origin(headers)
            if foreign is not None:
                return foreign
        if certified is not None:
            return self._authenticator.certified(certified)
        authorization = headers.get("authorization")
        if authorization is None:
            refused = rebinding(headers, address)
            return refused or await self._authenticator.authenticate_soon(None, None, address)
        credentials = parse_basic(authorization)
        if isinstance(credentials, Finding):
            return credentials
        return await self._authenticator.authenticate_soon(*credentials, address)

    def admit_upgrade(self, headers: Mapping[str, str], address: str) -> str | Finding:
        """The address to know a WebSocket's client by, or why it may not be opened.

        Who it is, it says later, in the protocol inside. If that may be nobody, being on this machine must mean
        something: what a foreign name or a proxy brought is therefore not known by the address of this machine.
        """
        if headers.get("origin", "").lower() not in self._allowed_origins:
            foreign = foreign_origin(headers)
            if foreign is not None:
                return structs.replace(
                    foreign, hint="Open the page of this server, or list it in http.allowed_origins."
                )
        return _proxied(address) if rebinding(headers, address) is not None else address


def parse_basic(authorization: str) -> tuple[str, bytes] | Finding:
    """User name and password of an Authorization header, or why it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return _bad_header(f"the scheme '{scheme[:20]}' is not known here")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        name = user.decode()
    except (binascii.Error, UnicodeDecodeError):
        return _bad_header("its credentials are not base64 of UTF-8")
    if not colon or not name:
        return _bad_header("its credentials name no user, or hold no colon")
    return name, password


def foreign_origin(headers: Mapping[str, str]) -> Finding | None:
    """Why a request that changes something comes from a foreign page, or None (OWASP: verify origin)."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None:
        foreign = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    else:
        foreign = origin.partition("://")[2].lower() != host.lower()
    if not foreign:
        return None
    return Finding(
        id="access.origin",
        what=f"a page of '{origin or 'another site'}' may not send this to '{host}'.",
        hint="Open the page of this server itself, or send the request from a program.",
    )


def rebinding(headers: Mapping[str, str], address: str) -> Finding | None:
    """Why a request from this machine without credentials is not what it seems, or None."""
    if not is_loopback(address):
        return None
    host = headers.get("host", "")
    proxied = any(name in headers for name in FORWARDED)
    if is_loopback_name(host) and not proxied:
        return None
    what = "came through a proxy" if proxied else f"asks for the host '{host}', which is not this machine's own name"
    return Finding(
        id="access.host",
        what=f"a request without credentials {what}.",
        hint="Open http://localhost or http://127.0.0.1 with this server's port, or log in.",
    )


def _proxied(address: str) -> str:
    return f"[{PROXIED}{address[1:]}" if address.startswith("[") else PROXIED + address


def _bad_header(why: str) -> Finding:
    return Finding(
        id="access.credentials",
        what=f"the Authorization header cannot be used: {why}.",
        hint="Send `Authorization: Basic` with base64 of user:password.",
    )
