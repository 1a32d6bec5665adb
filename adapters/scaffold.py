"""How does a newcomer start an adapter? With a copy of the template that already runs and is tested."""

import keyword
import re
from pathlib import Path

import msgspec

from uns.errors import Finding, UnsError

TEMPLATE = Path(__file__).parent / "_template"
FILES = ("__init__.py", "adapter.py", "README.md", "sample.yaml", "test_adapter.py")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Scaffold(msgspec.Struct, frozen=True):
    """What was written, and the line for the table `[project.entry-points."uns.adapters"]` of pyproject.toml."""

    files: list[Path]
    entry_point: str

    def __str__(self) -> str:
        written = "\n".join(f"  {file}" for file in self.files)
        table = '[project.entry-points."uns.adapters"]'
        return f"Written:\n{written}\nRegister it in pyproject.toml, then install:\n  {table}\n  {self.entry_point}"


def scaffold(name: str, directory: Path) -> Scaffold:
    """Write the package `name` into a directory, importable as `name` from there.

    Raises UnsError `request.name` when it cannot be a package, `request.exists` when something is there already.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UnsError(
            Finding(
                id="request.name",
                what=f"'{name}' cannot name an adapter.",
                hint="Use lower-case letters, digits and _, starting with a letter, such as acme_scale.",
            )
        )
    folder = directory / name
    if folder.exists():
        raise UnsError(
            Finding(id="request.exists", what=f"'{folder}' exists already.", hint="Choose another name, or remove it.")
        )
    folder.mkdir(parents=True)
    package = f"adapters.{name}" if (directory / "scaffold.py").exists() else name
    for file in FILES:
        text = (TEMPLATE / file).read_text("utf-8")
        (folder / file).write_text(_renamed(text, name, package), "utf-8")
    return Scaffold([folder / file for file in FILES], f'{name} = "{package}:{_class_name(name)}"')


def _renamed(text: str, name: str, package: str) -> str:
    for old, new in (
        ("adapters._template", package),
        ("TemplateAdapter", _class_name(name)),
        ("adapter: template", f"adapter: {name}"),
        ("# template\n", f"# {name}\n"),
        (" Copy it with `uns adapter new NAME`.", ""),
        ('"""Template: numbers', '"""Numbers'),
    ):
        text = text.replace(old, new)
    return text


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")) + "Adapter"
