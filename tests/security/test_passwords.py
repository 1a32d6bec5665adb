"""uns.security.passwords: hashes and their verification."""

import pytest

from uns.security.passwords import hash_password, is_password_hash, verify_password


def test_verifies_its_own_hash_and_no_other_password() -> None:
    made = hash_password("blue tulip 7")
    assert made.startswith("$argon2id$")
    assert verify_password(made, b"blue tulip 7")
    assert not verify_password(made, b"blue tulip 8")
    assert not verify_password(made, b"")


def test_same_password_hashes_differently_each_time() -> None:
    assert hash_password("x") != hash_password("x")


@pytest.mark.parametrize(
    "text", ["", "secret", "$argon2", "$argon2id$v=19$m=1$broken", "$2b$12$abcdefghijklmnopqrstuv"]
)
def test_what_is_no_hash_verifies_nothing(text: str) -> None:
    assert not is_password_hash(text)
    assert not verify_password(text, b"secret")
