"""Does the broker run as machine code or as Python? The source is the same; setup.py compiles it on demand."""

from uns.broker import door


def is_compiled() -> bool:
    """True when the modules that pyproject.toml lists under `[tool.uns]` were loaded as extension modules."""
    return not door.__file__.endswith(".py")
