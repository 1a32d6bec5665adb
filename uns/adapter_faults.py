"""What does every adapter say in the same words? The findings for which only names and addresses differ."""

from uns.adapter import Point, SourceConfig
from uns.errors import Finding


def not_installed(name: str, package: str, extra: str, error: ImportError) -> Finding:
    """The library of an adapter is missing. name: of the adapter, for people; extra: what brings the package."""
    return Finding(
        id="source.not_installed",
        what=f"the {name} adapter needs {package} ({error}).",
        where="/adapter",
        hint=f"Install it with: pip install 'uns-platform[{extra}]'",
    )


def not_connected(config: SourceConfig) -> Finding:
    """A write came while the device is away."""
    return Finding(
        id="unreachable.source",
        what=f"source '{config.name}' is not connected to {config.endpoint}.",
        hint="Look at the state of the source, and write again when it runs.",
    )


def write_refused(point: Point, key: str, why: str, hint: str) -> Finding:
    """The device, or the type of the point, does not take the value. key: of the point's address."""
    return Finding(
        id="source.write_refused",
        what=f"{point.device}/{point.name} ({point.address[key]}) was not written: {why}.",
        where=point.where(key),
        hint=hint,
    )
