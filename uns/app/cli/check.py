"""`uns check`: is a plant directory right, without any connection?"""

import os
from typing import TYPE_CHECKING

import typer

from uns.app.cli.options import OutputOption, PlantArgument
from uns.app.cli.output import Output, chosen, print_csv, print_json
from uns.app.counted import counted

if TYPE_CHECKING:
    from uns.app.plant import Plant
    from uns.app.plant.problem import Problem

INVALID = 5
COLUMNS = ("file", "line", "column", "severity", "id", "what", "hint", "nearest")


def check(directory: PlantArgument, output: OutputOption = None) -> None:
    """Validate a plant directory without any connection.

    Every problem comes with file, line and column. Exit code 5 when one is an error.
    """
    from uns.app.plant import load_plant

    plant = load_plant(directory, os.environ)
    match chosen(output):
        case Output.JSON:
            problems = [dict(zip(COLUMNS, row(problem), strict=True)) for problem in plant.problems]
            print_json({"valid": not plant.errors, "problems": problems})
        case Output.CSV:
            print_csv(COLUMNS, map(row, plant.problems))
        case Output.TABLE:
            _print_text(plant)
    if plant.errors:
        raise typer.Exit(INVALID)


def _print_text(plant: "Plant") -> None:
    from uns.app.report import problem_lines

    for problem in plant.problems:
        typer.echo("\n".join(problem_lines(problem, plant.directory)))
    errors, warnings = len(plant.errors), len(plant.problems) - len(plant.errors)
    found = ", ".join(counted(count, noun) for count, noun in ((errors, "error"), (warnings, "warning")) if count)
    content = f"{counted(len(plant.registry.names()), 'model')}, {counted(len(plant.sources), 'source')}"
    verdict = "is not valid" if errors else "is valid"
    typer.echo(f"{plant.directory} {verdict}: {found or content}.")


def row(problem: "Problem") -> list[str | int]:
    """A problem in the columns of `COLUMNS`."""
    finding = problem.finding
    return [
        problem.file,
        problem.line,
        problem.column,
        problem.severity,
        finding.id,
        finding.what,
        finding.hint,
        finding.nearest,
    ]
