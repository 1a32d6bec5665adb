"""`uns schema library`, `uns schema add`: which models come with the product, and one of them for a plant."""

from typing import Annotated

import typer

from uns.app.cli.options import OutputOption, PlantArgument
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines

COLUMNS = ("model", "description", "values")


def library_list(output: OutputOption = None) -> None:
    """List the models that a plant can start from."""
    from uns.app.library import library

    models = library()
    rows = [
        [ref, model.description, len(models.attributes(ref))]
        for ref in models.names()
        if (model := models.get(ref)) is not None
    ]
    match chosen(output):
        case Output.JSON:
            print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
        case Output.CSV:
            print_csv(COLUMNS, rows)
        case Output.TABLE:
            width = max(len(str(ref)) for ref, *_ in rows)
            print_lines(f"{ref:<{width}}  {description}" for ref, description, _ in rows)


def library_add(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A model of the list, for example pump.")],
    directory: PlantArgument,
    output: OutputOption = None,
) -> None:
    """Copy a model of the library into a plant directory, with its parts and samples."""
    from uns.app.library import add_model

    paths = [str(path) for path in add_model(name, directory)]
    match chosen(output):
        case Output.JSON:
            print_json({"directory": str(directory), "files": paths})
        case Output.CSV:
            print_csv(["file"], [[path] for path in paths])
        case Output.TABLE:
            print_lines(["Written:", *(f"  {path}" for path in paths)] if paths else ["Everything was there already."])
