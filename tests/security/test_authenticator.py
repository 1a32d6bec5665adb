"""uns.security.authenticator: identities, their cache and the throttles, on real Argon2 hashes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from uns.errors import Finding, UnsError
from uns.policy.access import Access, Anonymous, Origin, User
from uns.security import Authenticator, Identity, authenticator, hash_password

HASH = hash_password("right")
HERE, THERE = "127.0.0.1:50000", "10.0.0.7:50000"


def access(*, anonymous: Anonymous | None = None) -> Access:
    users = [User("ann", "operator", password_hash=HASH), User("bob", "viewer", password_env="BOB")]
    return Access(users=users, anonymous=anonymous)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def auth(clock: FakeClock) -> Authenticator:
    return Authenticator(access(), clock, environ={"BOB": "plain"})


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The passwords that were really put through Argon2."""
    seen: list[bytes] = []
    real = authenticator.verify_password

    def counted(password_hash: str, password: bytes) -> bool:
        seen.append(password)
        return real(password_hash, password)

    monkeypatch.setattr(authenticator, "verify_password", counted)
    return seen


def id_of(answer: Identity | Finding) -> str:
    assert isinstance(answer, Finding), answer
    return answer.id


def test_the_right_password_gives_user_and_role(auth: Authenticator) -> None:
    assert auth.authenticate("ann", b"right", THERE) == Identity("ann", "operator")
    assert auth.authenticate("bob", b"plain", THERE) == Identity("bob", "viewer")


def test_a_certificate_names_a_user(clock: FakeClock) -> None:
    robot = User("press-4", "device", certificate=True)
    auth = Authenticator(Access(users=[robot, User("ann", "operator", password_hash=HASH)]), clock)
    assert auth.certified("press-4") == Identity("press-4", "device")
    assert auth.certified("ann") == Identity("ann", "operator")
    for name in ("press-5", ""):
        assert id_of(auth.certified(name)) == "access.certificate"
    assert auth.failures == 2
    for password in (b"", b"press-4"):  # who has a certificate has no password
        assert id_of(auth.authenticate("press-4", password, THERE)) == "access.credentials"


WRONG = [("ann", b"wrong"), ("ann", b""), ("ann", None), ("bob", b"right"), ("eve", b"right"), ("ann\0", b"right")]


@pytest.mark.parametrize(("username", "password"), WRONG)
def test_a_wrong_user_or_password_is_told_in_one_way(
    auth: Authenticator, username: str, password: bytes | None
) -> None:
    answer = auth.authenticate(username, password, THERE)
    assert id_of(answer) == "access.credentials"
    assert "right" not in str(answer)
    assert auth.failures == 1


def test_password_without_a_user_name(auth: Authenticator) -> None:
    assert id_of(auth.authenticate(None, b"right", THERE)) == "access.credentials"


def test_reconnects_do_not_verify_again(auth: Authenticator, verifications: list[bytes]) -> None:
    for _ in range(50):
        assert isinstance(auth.authenticate("ann", b"right", THERE), Identity)
    assert verifications == [b"right"]


def test_unknown_user_costs_a_verification_too(auth: Authenticator, verifications: list[bytes]) -> None:
    auth.authenticate("eve", b"guess", THERE)
    assert verifications == [b"guess"]


def test_remembered_passwords_are_bounded(monkeypatch: pytest.MonkeyPatch, verifications: list[bytes]) -> None:
    monkeypatch.setattr(authenticator, "VERIFIED_KEPT", 1)
    users = [User(name, "operator", password_hash=HASH) for name in ("ann", "cid")]
    auth = Authenticator(Access(users=users), FakeClock())
    for name in ("ann", "cid", "ann"):
        assert isinstance(auth.authenticate(name, b"right", THERE), Identity)
    assert len(verifications) == 3


def test_guessing_one_user_is_throttled_even_for_the_right_password(auth: Authenticator, clock: FakeClock) -> None:
    auth.authenticate("ann", b"right", THERE)
    for _ in range(10):
        auth.authenticate("ann", b"guess", THERE)
    assert id_of(auth.authenticate("ann", b"right", THERE)) == "quota.failures"
    assert isinstance(auth.authenticate("ann", b"right", "10.0.0.8:1"), Identity), "another address is not affected"
    clock.advance(5_000)
    assert isinstance(auth.authenticate("ann", b"right", THERE), Identity)


def test_guessing_plain_secrets_is_throttled_too(auth: Authenticator) -> None:
    answers = [id_of(auth.authenticate("bob", b"guess", THERE)) for _ in range(11)]
    assert answers == ["access.credentials"] * 10 + ["quota.failures"]


def test_spraying_many_users_is_throttled_per_address(auth: Authenticator, verifications: list[bytes]) -> None:
    auth.authenticate("ann", b"right", THERE)
    answers = [id_of(auth.authenticate(f"user{number}", b"guess", THERE)) for number in range(40)]
    assert answers == ["access.credentials"] * 30 + ["quota.failures"] * 10
    assert len(verifications) == 31
    assert isinstance(auth.authenticate("ann", b"right", THERE), Identity), "who is known there still gets in"


@pytest.mark.parametrize("address", [HERE, "[::1]:50000", "::ffff:127.0.0.1"])
def test_anonymous_from_this_machine(clock: FakeClock, address: str) -> None:
    auth = Authenticator(access(anonymous=Anonymous("guest")), clock, environ={"BOB": "x"})
    assert auth.authenticate(None, None, address) == Identity("anonymous", "guest")
    assert id_of(auth.authenticate(None, None, THERE)) == "access.anonymous"


def test_anonymous_from_anywhere_or_not_at_all(auth: Authenticator, clock: FakeClock) -> None:
    anywhere = Authenticator(access(anonymous=Anonymous("guest", Origin.ANYWHERE)), clock, environ={"BOB": "x"})
    assert anywhere.authenticate(None, None, THERE) == Identity("anonymous", "guest")
    assert id_of(auth.authenticate(None, None, HERE)) == "access.anonymous"


def test_wrong_credentials_never_fall_back_to_anonymous(clock: FakeClock) -> None:
    auth = Authenticator(access(anonymous=Anonymous("guest")), clock, environ={"BOB": "x"})
    assert id_of(auth.authenticate("ann", b"wrong", HERE)) == "access.credentials"


async def test_a_reconnect_storm_verifies_once_and_off_the_loop(
    auth: Authenticator, verifications: list[bytes]
) -> None:
    answers = await asyncio.gather(*(auth.authenticate_soon("ann", b"right", THERE) for _ in range(30)))
    assert answers == [Identity("ann", "operator")] * 30
    assert verifications == [b"right"]


async def test_parallel_guesses_are_throttled_like_others(auth: Authenticator, verifications: list[bytes]) -> None:
    guesses = (auth.authenticate_soon("ann", f"guess {number}".encode(), THERE) for number in range(15))
    ids = [id_of(answer) for answer in await asyncio.gather(*guesses)]
    assert ids == ["access.credentials"] * 10 + ["quota.failures"] * 5
    assert len(verifications) == 10


def test_secrets_from_files(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "plain").write_text("from file\n")
    (tmp_path / "hashed").write_text(HASH + "\n")
    users = [User("ann", "a", password_file="plain"), User("bob", "b", password_file=str(tmp_path / "hashed"))]
    auth = Authenticator(Access(users=users), clock, directory=tmp_path)
    assert auth.authenticate("ann", b"from file", THERE) == Identity("ann", "a")
    assert auth.authenticate("bob", b"right", THERE) == Identity("bob", "b")


UNUSABLE = {
    "absent file": User("ann", "a", password_file="nowhere"),
    "empty file": User("ann", "a", password_file="empty"),
    "binary file": User("ann", "a", password_file="binary"),
    "absent variable": User("ann", "a", password_env="NOWHERE"),
    "plain password as hash": User("ann", "a", password_hash="right"),
    "broken hash in a file": User("ann", "a", password_file="broken"),
    "nothing": User("ann", "a"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_user_without_a_usable_secret_stops_the_start(tmp_path: Path, clock: FakeClock, name: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "broken").write_text("$argon2id$v=19$oops")
    with pytest.raises(UnsError) as caught:
        Authenticator(Access(users=[UNUSABLE[name]]), clock, directory=tmp_path, environ={})
    assert caught.value.finding.id == "plant.secret"
    assert "'ann'" in caught.value.finding.what
