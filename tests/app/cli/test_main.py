"""The command itself: help, version, usage errors, and what it loads before it does anything."""

import subprocess
import sys

import pytest

from tests.support.command import uns, uns_process
from uns import __version__
from uns.broker import is_compiled

HEAVY = (
    *("fastapi", "asyncua", "pymodbus", "httpx", "pydantic"),
    *("uvicorn", "jsonschema_rs", "rich", "sqlite3", "asyncio"),
)


def test_help_loads_nothing_heavy():
    """Measured instead of timed: `uns --help` must answer in under 0.3 s, and these are what would break it."""
    code = f"import sys, uns.app.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_lists_every_command():
    shown = uns("--help")
    assert shown.code == 0
    for command in (
        "demo",
        "init",
        "serve",
        "check",
        "tree",
        "get",
        "sub",
        "pub",
        "history",
        "explain",
        "violations",
        "user",
    ):
        assert f" {command} " in shown.out
    assert "5 invalid" in shown.out


@pytest.mark.parametrize(
    "command",
    ["demo", "init", "serve", "simulate", "health", "tree", "get", "sub", "pub", "history", "check", "explain"],
)
def test_every_command_explains_itself(command):
    assert uns(command, "-h").code == 0


def test_version():
    core = " (compiled core)" if is_compiled() else ""
    assert uns("--version").out == f"uns {__version__}{core}\n"


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("tree", "--nonsense"), ("get",), ("tree", "-o", "yaml"), ("serve", ".", "--mqtt-port", "70000")],
)
def test_usage_errors_are_exit_code_2(arguments):
    result = uns(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err


def test_a_reader_that_leaves_early_is_no_error(demo_server):
    for arguments in (("tree", "-o", "json"), ("--help",)):
        with uns_process(*arguments, env=demo_server.env) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.wait(timeout=20)
            assert process.stderr.read() == b"", arguments
