"""`uns user hash`: a hash that lets its password in, and no password on the screen."""

import os
import pty
import subprocess

import pytest

from tests.support.command import TIMEOUT_S, uns_process
from tests.support.running import UNS, clean_environment
from uns.security.passwords import verify_password

PASSWORD = "grüne Tulpe 7"


def hashed(line: bytes) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command with a line on its pipe."""
    with uns_process("user", "hash", stdin=subprocess.PIPE) as process:
        out, err = process.communicate(line, TIMEOUT_S)
    return process.returncode, out.decode(), err.decode()


LINES = [f"{PASSWORD}\n".encode(), f"{PASSWORD}\r\n".encode(), PASSWORD.encode(), f"{PASSWORD}\nsecond\n".encode()]


@pytest.mark.parametrize("line", LINES)
def test_one_line_of_a_pipe_is_hashed(line):
    code, out, err = hashed(line)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith("$argon2id$")
    assert verify_password(out.strip(), PASSWORD.encode())
    assert not verify_password(out.strip(), b"another")


@pytest.mark.parametrize(("line", "finding"), [(b"", "missing"), (b"\n", "missing"), (b"\xff\n", "invalid")])
def test_a_line_that_is_no_password(line, finding):
    code, out, err = hashed(line)
    assert (code, out) == (5, "")
    assert err.startswith(f"error request.{finding}: ")


def test_at_a_terminal_it_asks_twice_and_shows_nothing():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*UNS, "user", "hash"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=clean_environment(),
        start_new_session=True,  # without a terminal of our own, which it would ask instead
    )
    os.close(theirs)
    screen = b""
    for answer in ("one", "another", PASSWORD, PASSWORD):  # the first two differ
        screen += read_to_prompt(ours)
        os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=TIMEOUT_S)
    os.close(ours)
    assert (process.returncode, out.count(b"\n")) == (0, 1)
    assert verify_password(out.decode().strip(), PASSWORD.encode())
    assert b"do not match" in screen
    assert b"Tulpe" not in screen
    assert b"another" not in screen


def read_to_prompt(terminal: int) -> bytes:
    """What is written up to the next question."""
    written = b""
    while not written.endswith(b": "):
        written += os.read(terminal, 4096)
    return written
