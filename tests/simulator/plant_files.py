"""The plant directory of the simulator as documents, read once."""

from functools import cache
from importlib import resources
from typing import Any

import yaml

from uns.registry import Attribute, Model, Registry, parse_model

PLATFORM_KEYS = ("deadband", "writable")
"""Keys of a point that are not the adapter's."""

ROOT = resources.files("uns.simulator") / "plant"


def document(*path: str) -> Any:
    return yaml.safe_load(ROOT.joinpath(*path).read_text("utf-8"))


@cache
def models() -> dict[str, Model]:
    """By reference; fails when one has a finding."""
    found = {}
    for file in (ROOT / "models").iterdir():
        model = parse_model(document("models", file.name))
        assert isinstance(model, Model), f"{file.name}: {model}"
        assert file.name == f"{model.name}.v{model.version}.yaml"
        found[model.ref] = model
    return found


@cache
def registry() -> Registry:
    return Registry(models().values())


@cache
def sources() -> dict[str, dict[str, Any]]:
    """By source name."""
    return {file.name.removesuffix(".yaml"): document("sources", file.name) for file in (ROOT / "sources").iterdir()}


@cache
def points() -> dict[str, dict[str, Any]]:
    """By tag, `line1/filler/speed/actual`: line of the edge node, device, metric."""
    return {
        f"{source['edge'].split('/')[1]}/{device}/{metric}": address
        for source in sources().values()
        for device, metrics in source["devices"].items()
        for metric, address in metrics.items()
    }


@cache
def attributes() -> dict[str, Attribute]:
    """By tag, of every asset in namespace.yaml."""
    found = {}
    for area in ("packaging", "utilities"):
        for line, cells in _members(document("namespace.yaml")["tree"]["acme"]["ghent"][area]):
            for cell, entry in _members(cells):
                for path, attribute in models()[entry["model"]].attributes.items():
                    found[f"{line}/{cell}/{path}"] = attribute
    return found


def _members(node: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, below) for name, below in node.items() if isinstance(below, dict)]
