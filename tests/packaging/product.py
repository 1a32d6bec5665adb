"""What does the product really have? Commands, options, settings and variables that packaging files may name."""

import re
from pathlib import Path
from typing import Any

import typer.main

from uns.app.cli.main import app
from uns.app.settings import setting_fields, variable

ROOT = Path(__file__).parents[2]
DEMO_PLANT = ROOT / "uns/simulator/plant"

_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)")


def parse_command(words: list[str]) -> str:
    """The name of the command that `uns WORDS` runs; raises click's usage error when it would refuse them.

    `/plant`, where containers find their plant, stands for the demo's.
    """
    command: Any = typer.main.get_command(app)
    name, *rest = [str(DEMO_PLANT) if word == "/plant" else word for word in words]
    found = command.commands[name]
    while hasattr(found, "commands"):
        found, rest = found.commands[rest[0]], rest[1:]
    found.make_context(name, rest)
    return name


def setting_variables() -> dict[str, Any]:
    """Environment variable to the default of its setting."""
    return {variable(path): field.get_default(call_default_factory=True) for path, field in setting_fields()}


def plant_variables(plant: Path) -> set[str]:
    """The `${VARIABLES}` that the files of a plant directory ask for."""
    return {name for file in plant.rglob("*.yaml") for name in _VARIABLE.findall(file.read_text())}


def dockerfile(path: Path) -> list[tuple[str, str]]:
    """(instruction, arguments) of each line, continuations joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [
        (word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines()) if word
    ]
