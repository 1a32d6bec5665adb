"""The models that a plant can start from: which are there, and how does one come into a plant directory?"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from uns.app.plant import load_plant
from uns.errors import Finding, UnsError, nearest
from uns.registry import Model, Registry

LIBRARY = Path(__file__).with_name("schemas")


def library() -> Registry:
    """The models that come with the product."""
    return load_plant(LIBRARY, {}).registry


def library_models() -> list[Model]:
    """Sorted by name and version."""
    models = library()
    return [model for ref in models.names() if (model := models.get(ref)) is not None]


def add_model(name: str, directory: Path) -> list[Path]:
    """Copy the latest version of a model, its parts and their samples; the files that were not there already.

    Raises UnsError: `unknown.model`, or `plant.exists` when a file of this name holds something else. Then nothing is
    written.
    """
    models = library()
    wanted = [model for model in library_models() if name in (model.name, model.ref)]
    if not wanted:
        names = sorted({model.name for model in library_models()})
        what = f"the library has no model '{name}' (known: {', '.join(names)})."
        raise UnsError(Finding(id="unknown.model", what=what, nearest=nearest(name, names)))
    pairs = [pair for model in _with_parts(wanted[-1], models, set()) for pair in _files(model, directory)]
    missing = [(source, target) for source, target in pairs if not target.exists()]
    for source, target in pairs:
        if target.exists() and target.read_bytes() != source.read_bytes():
            what = f"{target} exists, and holds something else than the library."
            hint = "Rename the one that is there; nothing was written."
            raise UnsError(Finding(id="plant.exists", what=what, hint=hint))
    for source, target in missing:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return [target for _, target in missing]


def _with_parts(model: Model, models: Registry, seen: set[str]) -> Iterator[Model]:
    if model.ref in seen:
        return
    seen.add(model.ref)
    yield model
    for ref in model.parts.values():
        part = models.get(ref)
        assert part is not None
        yield from _with_parts(part, models, seen)


def _files(model: Model, directory: Path) -> Iterator[tuple[Path, Path]]:
    """(file of the library, where it goes)"""
    stem = f"models/{model.name}.v{model.version}"
    samples = sorted(path for path in (LIBRARY / stem).rglob("*") if path.is_file())
    for path in [LIBRARY / f"{stem}.yaml", *samples]:
        yield path, directory / os.path.relpath(path, LIBRARY)
