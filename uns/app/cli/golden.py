"""`uns test`: do the models and rules of a plant accept and refuse what they should?"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from uns.app.cli.options import OutputOption, PlantArgument
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.counted import counted

if TYPE_CHECKING:
    from pathlib import Path

    from uns.app.golden import Case

FAILED = 1
COLUMNS = ("file", "line", "name", "passed", "id", "what", "hint", "nearest")


def golden(directory: PlantArgument, output: OutputOption = None) -> None:
    """Judge the golden messages of a plant directory offline.

    They stand in models/NAME.vVERSION/valid and invalid, and in tests/*.yaml. Exit code 1 when one gets another answer
    than it expects, 5 when the directory is not valid.
    """
    from uns.app.golden import run_cases
    from uns.app.run import load_valid_plant

    cases = run_cases(load_valid_plant(directory, dict(os.environ)), os.environ)
    failed = [case for case in cases if case.finding is not None]
    match chosen(output):
        case Output.JSON:
            rows = [dict(zip(COLUMNS, _row(case), strict=True)) for case in cases]
            print_json({"passed": len(cases) - len(failed), "failed": len(failed), "cases": rows})
        case Output.CSV:
            print_csv(COLUMNS, map(_row, cases))
        case Output.TABLE:
            for case in failed:
                print_lines(_lines(case, directory))
            total = counted(len(cases), "message")
            typer.echo(f"{directory}: {f'{len(failed)} of {total} failed' if failed else f'{total} passed'}.")
    if failed:
        raise typer.Exit(FAILED)


def _lines(case: "Case", directory: "Path") -> Iterator[str]:
    finding = case.finding
    assert finding is not None
    place = f"{directory / case.file}:{case.line}" if case.line else str(directory / case.file)
    yield f"{place}: {case.name}: {finding.id}: {finding.what}"
    if finding.nearest:
        yield f"  Did you mean '{finding.nearest}'?"
    if finding.hint:
        yield f"  {finding.hint}"


def _row(case: "Case") -> list[str | int | bool]:
    finding = case.finding
    words = ["", "", "", ""] if finding is None else [finding.id, finding.what, finding.hint, finding.nearest]
    return [case.file, case.line, case.name, finding is None, *words]
