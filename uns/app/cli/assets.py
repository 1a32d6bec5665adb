"""`uns assets`: the equipment of a plant as one table, for a spreadsheet, and back."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from uns.app.cli.options import PlantArgument
from uns.app.cli.output import print_lines

INVALID = 5


def assets_export(
    directory: PlantArgument,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write.", dir_okay=False, show_default="stdout")
    ] = None,
) -> None:
    """Write all declared equipment as CSV: one row each, with what it states itself."""
    from uns.app.assets import export_assets
    from uns.app.run import load_valid_plant

    table = export_assets(load_valid_plant(directory, dict(os.environ)))
    if to is None:
        sys.stdout.buffer.write(table)
        sys.stdout.buffer.flush()
    else:
        to.write_bytes(table)


def assets_import(
    directory: PlantArgument,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV file.", exists=True, dir_okay=False)],
) -> None:
    """Take a table over into assets/*.csv. All or nothing.

    Rows stay in the file that has them, new ones go into assets/assets.csv, and what the table lacks is taken out.
    What namespace.yaml declares is changed there. Exit code 5 when a row is wrong.
    """
    from uns.app.assets import import_assets, write_assets
    from uns.app.report import problem_lines

    found = import_assets(directory, table.read_bytes(), str(table), os.environ)
    if found.problems:
        for problem in found.problems:
            base = Path() if problem.file == str(table) else directory
            typer.echo("\n".join(problem_lines(problem, base)), err=True)
        typer.echo("Nothing was written.", err=True)
        raise typer.Exit(INVALID)
    write_assets(directory, found)
    paths = [str(directory / path) for path in found.contents]
    print_lines(["Written:", *(f"  {path}" for path in paths)] if paths else ["Nothing changed."])
