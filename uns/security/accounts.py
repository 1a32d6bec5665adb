"""What does each user of access.yaml prove itself with, once files and environment are read?"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from uns.errors import Finding, UnsError
from uns.policy.access import Access, User
from uns.security.passwords import hash_password, is_password_hash


class Account(msgspec.Struct, frozen=True):
    """A user with what its password is verified against, an Argon2 hash."""

    user: str
    role: str
    password_hash: str


def load_accounts(access: Access, directory: Path, environ: Mapping[str, str]) -> dict[str, Account]:
    """Accounts by user name. `password_file` is relative to `directory` (the plant's) unless absolute.

    A file or variable holds a password or an Argon2 hash. Raises UnsError (`plant.secret`) when one cannot be read, is
    empty or is a broken hash: a user without a secret must never come up as a user without a password.
    """
    return {user.name: _account(user, directory, environ) for user in access.users.values()}


def _account(user: User, directory: Path, environ: Mapping[str, str]) -> Account:
    if user.certificate:
        return Account(user.name, user.role, hash_password(os.urandom(16).hex()))  # no password opens it
    if user.password_hash:
        secret, origin = user.password_hash, "password_hash"
        if not is_password_hash(secret):
            raise _fault(user, f"the {origin} is no Argon2 hash")
    elif user.password_file:
        secret, origin = _read(user, directory / user.password_file), f"the file '{user.password_file}'"
    elif user.password_env:
        secret, origin = environ.get(user.password_env, ""), f"the variable '{user.password_env}'"
    else:
        raise _fault(user, "it names no password_hash, password_file or password_env")
    if not secret:
        raise _fault(user, f"{origin} is empty")
    if secret.startswith("$argon2"):
        if not is_password_hash(secret):
            raise _fault(user, f"{origin} holds a broken Argon2 hash")
        return Account(user.name, user.role, secret)
    # Hashed too, so that every login takes the same way and time, whatever its secret is kept in.
    return Account(user.name, user.role, hash_password(secret))


def _read(user: User, path: Path) -> str:
    try:
        return path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _fault(user, f"the password file cannot be read ({error})") from error


def _fault(user: User, what: str) -> UnsError:
    return UnsError(
        Finding(
            id="plant.secret",
            what=f"user '{user.name}' cannot log in: {what}.",
            where="access.yaml",
            hint="Write a hash made by `uns user hash` into password_hash, or mend the file or variable it names.",
        )
    )
