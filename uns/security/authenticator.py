"""Who is this, by name and password, by certificate or by coming from this machine?

One authenticator serves MQTT and HTTP. Verification is slow by intent, so three things keep reconnect storms and
guessing from burning the processor: a verified password is remembered by a keyed digest (never the password itself),
failures are throttled per user and address and per address, and the awaiting variant verifies one password at a time in
a thread.
"""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from uns.clock import Clock
from uns.errors import Finding, shorten
from uns.policy.access import Access
from uns.security.accounts import Account, load_accounts
from uns.security.address import host_of, is_loopback
from uns.security.passwords import hash_password, verify_password
from uns.security.throttle import FailureThrottle

ANONYMOUS = "anonymous"
"""Who gives no user name."""
VERIFIED_KEPT = 1024
PAIRS_KEPT = 4096
ADDRESSES_KEPT = 4096


class Identity(msgspec.Struct, frozen=True):
    """Who it is, and the role that the access rules know."""

    user: str
    role: str


class _Question(msgspec.Struct, frozen=True):
    """What only a slow verification can answer. `account` is None for a user that does not exist."""

    account: Account | None
    password_hash: str
    password: bytes
    digest: bytes
    pair: bytes
    host: str


class Authenticator:
    """Identities for a plant's `access`. Raises UnsError (`plant.secret`) when a user's secret cannot be read."""

    def __init__(
        self, access: Access, clock: Clock, *, directory: Path = Path(), environ: Mapping[str, str] = os.environ
    ) -> None:
        self._anonymous = access.anonymous
        self._accounts = load_accounts(access, directory, environ)
        self._key = os.urandom(32)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._absent_hash = hash_password(os.urandom(16).hex())
        self._pairs: FailureThrottle[bytes] = FailureThrottle(clock, burst=10, refill_ms=5_000, capacity=PAIRS_KEPT)
        self._hosts: FailureThrottle[str] = FailureThrottle(clock, burst=30, refill_ms=1_000, capacity=ADDRESSES_KEPT)
        self._turn = asyncio.Lock()
        self.failures = 0

    def replace(self, access: Access, accounts: dict[str, Account]) -> None:
        """Other users from now on; accounts: as `load_accounts` makes them of `access`. What was verified before is
        verified again: a password may have changed."""
        self._anonymous = access.anonymous
        self._accounts = accounts
        self._verified.clear()

    def role_of(self, user: str) -> str | None:
        """The role of a user who has logged in before, as of now; None for one who may no longer connect."""
        if user == ANONYMOUS:
            return None if self._anonymous is None else self._anonymous.role
        account = self._accounts.get(user)
        return None if account is None else account.role

    def authenticate(self, username: str | None, password: bytes | None, address: str) -> Identity | Finding:
        """The identity, or why there is none. `address` is where a socket says the peer is, `host` or `host:port`.

        Takes about 15 ms for a password not seen before: on an event loop use `authenticate_soon`.
        """
        settled = self._settle(username, password, address)
        if not isinstance(settled, _Question):
            return settled
        return self._conclude(settled, verify_password(settled.password_hash, settled.password))

    async def authenticate_soon(self, username: str | None, password: bytes | None, address: str) -> Identity | Finding:
        """`authenticate` without holding up the event loop."""
        settled = self._settle(username, password, address)
        if not isinstance(settled, _Question):
            return settled
        async with self._turn:
            settled = self._settle(username, password, address)
            if not isinstance(settled, _Question):
                return settled
            passed = await asyncio.to_thread(verify_password, settled.password_hash, settled.password)
            return self._conclude(settled, passed)

    def certified(self, name: str) -> Identity | Finding:
        """The identity of whom a verified certificate names; no password is asked for. name: empty when it names
        nobody."""
        account = self._accounts.get(name)
        if account is not None:
            return Identity(account.user, account.role)
        self.failures += 1
        return Finding(
            id="access.certificate",
            what=f"the client's certificate names '{shorten(name)}', who is no user."
            if name
            else "the subject of the client's certificate has not exactly one common name.",
            hint="The common name of the subject must be a user of access.yaml.",
        )

    def _settle(self, username: str | None, password: bytes | None, address: str) -> Identity | Finding | _Question:
        if not username:
            return _no_user() if password else self._without_credentials(address)
        host, password = host_of(address), password or b""
        pair = self._digest(username, host.encode())  # of a length of its own: a user name may have 65,535 bytes
        wait_ms = self._pairs.wait_ms(pair)
        if wait_ms:
            return _throttled(host, wait_ms)
        account = self._accounts.get(username)
        digest = self._digest(username, password)
        if account is not None and digest in self._verified:
            self._verified.move_to_end(digest)
            return Identity(account.user, account.role)
        wait_ms = self._hosts.wait_ms(host)
        if wait_ms:
            return _throttled(host, wait_ms)
        # An unknown user costs as much time as a known one, so that the time tells nothing.
        return _Question(account, account.password_hash if account else self._absent_hash, password, digest, pair, host)

    def _conclude(self, question: _Question, passed: bool) -> Identity | Finding:
        account = None if question.account is None else self._accounts.get(question.account.user)
        if not passed or account is None:  # it may have gone while its password was verified
            return self._refuse(question.pair, question.host)
        self._pairs.cleared(question.pair)
        self._verified[question.digest] = None
        if len(self._verified) > VERIFIED_KEPT:
            self._verified.popitem(last=False)
        return Identity(account.user, account.role)

    def _refuse(self, pair: bytes, host: str) -> Finding:
        self.failures += 1
        self._pairs.failed(pair)
        self._hosts.failed(host)
        return Finding(
            id="access.credentials",
            what="the user name or the password is wrong.",
            hint="Check both; users stand in access.yaml.",
        )

    def _without_credentials(self, address: str) -> Identity | Finding:
        if self._anonymous is None:
            return Finding(
                id="access.anonymous",
                what="a user name and a password are needed here.",
                hint="Log in as a user of access.yaml.",
            )
        if self._anonymous.origin == "anywhere" or is_loopback(address):
            return Identity(ANONYMOUS, self._anonymous.role)
        return Finding(
            id="access.anonymous",
            what=f"'{host_of(address)}' may not connect without a user name: that is for this machine only.",
            hint="Log in as a user of access.yaml, or set `anonymous: {from: anywhere}` on a trusted network.",
        )

    def _digest(self, username: str, beside: bytes) -> bytes:
        name = username.encode(errors="surrogatepass")
        return hashlib.blake2b(len(name).to_bytes(4) + name + beside, key=self._key).digest()


def _no_user() -> Finding:
    return Finding(id="access.credentials", what="a password came without a user name.", hint="Send both, or neither.")


def _throttled(host: str, wait_ms: int) -> Finding:
    return Finding(
        id="quota.failures",
        what=f"too many failed logins from '{host}'.",
        hint=f"Wait {-(-wait_ms // 1000)} s and try again with the right password.",
    )
