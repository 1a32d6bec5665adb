"""How is a password kept, and how is one verified?

Argon2id with the OWASP minimum (19 MiB, two passes, one lane): about 15 ms per verification, which a broker that many
clients reach at once can afford. A hash made with other parameters verifies by its own.
"""

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

ARGON2_PREFIX = "$argon2"


def hash_password(password: str) -> str:
    """The `password_hash` of a user in access.yaml."""
    return _hasher.hash(password)


def verify_password(password_hash: str, password: bytes) -> bool:
    """Is this the password? Slow by intent; safe to call in another thread."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_password_hash(text: str) -> bool:
    """Is this text a readable Argon2 hash?"""
    try:
        argon2.extract_parameters(text)
    except InvalidHashError:
        return False
    return True
