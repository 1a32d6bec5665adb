"""Who is it? Passwords, identities and the guard of HTTP; what a role may do stands in `uns.policy`."""

from uns.security.accounts import Account, load_accounts
from uns.security.authenticator import Authenticator, Identity
from uns.security.http import HttpGuard
from uns.security.passwords import hash_password

__all__ = ["Account", "Authenticator", "HttpGuard", "Identity", "hash_password", "load_accounts"]
