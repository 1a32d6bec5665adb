"""uns.security.http: credentials and foreign pages."""

import base64

import pytest
from starlette.datastructures import Headers

from tests.support.clock import FakeClock
from uns.errors import Finding
from uns.policy.access import Access, Anonymous, Origin, User
from uns.security import Authenticator, HttpGuard, Identity

HERE, THERE = "127.0.0.1:50000", "10.0.0.7:50000"
HOST = {"host": "localhost:8080"}
ANONYMOUS = Identity("anonymous", "guest")
BOB = Identity("bob", "viewer")


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def authenticator(origin: Origin = Origin.LOOPBACK) -> Authenticator:
    access = Access(users=[User("bob", "viewer", password_env="BOB")], anonymous=Anonymous("guest", origin))
    return Authenticator(access, FakeClock(), environ={"BOB": "a:b"})


def guard(origin: Origin = Origin.LOOPBACK) -> HttpGuard:
    return HttpGuard(authenticator(origin))


ADMITTED = {
    "anonymous here": ("GET", HOST, HERE, ANONYMOUS),
    "anonymous by number": ("GET", {"host": "127.0.0.1:8080"}, HERE, ANONYMOUS),
    "same page posts": ("POST", {**HOST, "origin": "http://localhost:8080"}, HERE, ANONYMOUS),
    "program posts": ("POST", HOST, HERE, ANONYMOUS),
    "same page without origin": ("POST", {**HOST, "sec-fetch-site": "same-origin"}, HERE, ANONYMOUS),
    "password with a colon": ("GET", {"host": "plant.example", **basic("bob:a:b")}, THERE, BOB),
    "scheme in capitals": ("GET", {**HOST, "authorization": "BASIC Ym9iOmE6Yg=="}, HERE, BOB),
}


@pytest.mark.parametrize("name", ADMITTED)
async def test_admitted(name: str) -> None:
    method, headers, address, identity = ADMITTED[name]
    assert await guard().identify(method, Headers(headers), address) == identity


REFUSED = {
    "rebound name": ("GET", {"host": "evil.example:8080"}, HERE, "access.host"),
    "no host": ("GET", {}, HERE, "access.host"),
    "through a proxy here": ("GET", {**HOST, "x-forwarded-for": "10.1.1.1"}, HERE, "access.host"),
    "foreign page": ("POST", {**HOST, "origin": "http://evil.example"}, HERE, "access.origin"),
    "other port": ("POST", {**HOST, "origin": "http://localhost:9090"}, HERE, "access.origin"),
    "sandboxed page": ("POST", {**HOST, "origin": "null"}, HERE, "access.origin"),
    "cross site": ("POST", {**HOST, "sec-fetch-site": "cross-site"}, HERE, "access.origin"),
    "foreign page, cached login": (
        "POST", {**HOST, "origin": "http://evil.example", **basic("bob:a:b")}, HERE, "access.origin",
    ),
    "nobody from elsewhere": ("GET", {"host": "plant.example"}, THERE, "access.anonymous"),
    "wrong password": ("GET", {**HOST, **basic("bob:x")}, HERE, "access.credentials"),
    "empty user": ("GET", {"host": "evil.example", **basic(":")}, HERE, "access.credentials"),
    "no colon": ("GET", {**HOST, **basic("bob")}, HERE, "access.credentials"),
    "no base64": ("GET", {**HOST, "authorization": "Basic %%%"}, HERE, "access.credentials"),
    "no UTF-8": ("GET", {**HOST, "authorization": "Basic " + base64.b64encode(b"\xff:x").decode()}, HERE,
                 "access.credentials"),
    "unknown scheme": ("GET", {**HOST, "authorization": "Bearer abc"}, HERE, "access.credentials"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(name: str) -> None:
    method, headers, address, finding_id = REFUSED[name]
    answer = await guard().identify(method, Headers(headers), address)
    assert isinstance(answer, Finding)
    assert answer.id == finding_id


async def test_anonymous_from_anywhere_needs_no_local_name() -> None:
    assert await guard(Origin.ANYWHERE).identify("GET", Headers({"host": "plant.example"}), THERE) == ANONYMOUS


# --- WebSocket: who it is, is said later ---------------------------------------------------------------------------

PROXIED_HERE = "via-proxy-at-127.0.0.1:50000"
UPGRADED = {
    "program here": (HOST, HERE, HERE),
    "program elsewhere": ({"host": "plant.example"}, THERE, THERE),
    "own page": ({**HOST, "origin": "http://localhost:8080"}, HERE, HERE),
    "listed page": ({**HOST, "origin": "https://HMI.example"}, HERE, HERE),
    "rebound name": ({"host": "evil.example", "origin": "http://evil.example"}, HERE, PROXIED_HERE),
    "through a proxy here": ({**HOST, "x-forwarded-for": "10.1.1.1"}, HERE, PROXIED_HERE),
    "rebound name, IPv6": ({"host": "evil.example"}, "[::1]:50000", "[via-proxy-at-::1]:50000"),
}


@pytest.mark.parametrize("name", UPGRADED)
async def test_upgrade_admitted(name: str) -> None:
    """What came by a foreign name or a proxy is not this machine, so that nobody is anonymous there."""
    headers, address, known_by = UPGRADED[name]
    listing = HttpGuard(authenticator(), ["https://hmi.example/"])
    assert listing.admit_upgrade(Headers(headers), address) == known_by
    identity = authenticator().authenticate(None, None, known_by)
    assert isinstance(identity, Identity) == (known_by == HERE)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://hmi.example.evil", "http://hmi.example", "null"])
def test_upgrade_of_a_foreign_page_is_refused(origin: str) -> None:
    refused = HttpGuard(authenticator(), ["https://hmi.example"]).admit_upgrade(
        Headers({**HOST, "origin": origin}), HERE
    )
    assert isinstance(refused, Finding)
    assert refused.id == "access.origin"
    assert "http.allowed_origins" in refused.hint
