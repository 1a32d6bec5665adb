"""What does a command do when it fails? It says what, where and what to do, and exits with the code of the family."""

import json
import os
import sys
from typing import Any, NoReturn

import msgspec
import typer
from typer.core import TyperCommand, TyperGroup

from uns.app.cli.output import Output
from uns.app.cli.text import finding_lines
from uns.errors import Finding, UnsError, answer

OUTCOMES = {
    "quarantined": "Kept in quarantine, and delivered to nobody: see 'uns violations'.",
    "rejected": "Rejected, and delivered to nobody.",
}


class Refused(UnsError):
    """A message that the server did not deliver. outcome: quarantined or rejected."""

    def __init__(self, finding: Finding, outcome: str) -> None:
        super().__init__(finding)
        self.outcome = outcome


class _Told:
    """Turns a finding into a message on stderr and an exit code: 1 failed, 3 denied, 4 not found, 5 invalid,
    6 unreachable (2, usage, is Typer's). A reader that closes the pipe has what it wanted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)  # type: ignore[misc]
            finally:
                sys.stdout.flush()
        except UnsError as error:
            outcome = error.outcome if isinstance(error, Refused) else ""
            _fail(error.finding, outcome, as_json=ctx.params.get("output") is Output.JSON)
        except BrokenPipeError:
            _discard_stdout()
            raise typer.Exit(0) from None


class Command(_Told, TyperCommand):
    """One command."""


class Group(_Told, TyperGroup):
    """Commands below one word, which does something by itself."""


def _fail(finding: Finding, outcome: str, *, as_json: bool) -> NoReturn:
    fields = msgspec.to_builtins(finding)
    if as_json:
        document = {"error": fields} | ({"outcome": outcome} if outcome else {})
        typer.echo(json.dumps(document, ensure_ascii=False), err=True)
    else:
        first, *more = finding_lines({**fields, "what": f"error {finding.id}: {finding.what}"}, indent="", width=_WIDE)
        more = [*more, *filter(None, [OUTCOMES.get(outcome)])]
        typer.echo("\n".join([first, *(f"  {line}" for line in more)]), err=True)
    raise typer.Exit(answer(finding).exit_code)


_WIDE = 10_000
"""Messages are not wrapped: the terminal does, and a log keeps one line a sentence."""


def _discard_stdout() -> None:
    """What is still buffered has no reader; the interpreter must not try to write it when it ends."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
