"""`uns user hash`: how does a password get into access.yaml without being readable there?"""

import sys

import typer

from uns.errors import Finding, UnsError


def user_hash() -> None:
    """Make the `password_hash` of a user in access.yaml.

    Asks twice for the password at a terminal, and reads one line from a pipe. Prints an Argon2 hash.
    """
    from uns.security import hash_password

    typer.echo(hash_password(_asked() if sys.stdin.isatty() else _piped()))


def _asked() -> str:
    """On stderr, so that the hash alone can go to a file."""
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True))


def _piped() -> str:
    line = sys.stdin.buffer.readline().rstrip(b"\r\n")
    if not line:
        what = "there is no password on the standard input."
        raise UnsError(Finding(id="request.missing", what=what, hint="Pipe one line, or run it at a terminal."))
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise UnsError(
            Finding(id="request.invalid", what="the password is not UTF-8.", hint="Encode it so.")
        ) from error
