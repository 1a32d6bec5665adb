"""Builds the compiled core when UNS_COMPILED=1; without it this is a package of pure Python, as everywhere else.

The same source is compiled by mypyc, the modules that `[tool.uns] compiled` in pyproject.toml names, into extension
modules beside it. `make compiled` does so in place and `make pure` takes them away; a wheel takes them along with
`UNS_COMPILED=1 pip wheel .`. It needs a C compiler and Python's headers.
"""

import os
import tomllib
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup

REQUIRES = ["mypy>=2,<3", "msgspec>=0.19"]
"""mypyc comes with mypy; it must see msgspec, to know its structs from the classes that it makes native."""
GROUP = "uns.core"
"""The shared library of all compiled modules is `uns/core__mypyc`."""


def extensions() -> list[Extension]:
    from mypyc.build import mypycify

    modules = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["uns"]["compiled"]
    compiled: list[Extension] = mypycify(
        ["--config-file", "pyproject.toml", *modules], group_name=GROUP, opt_level="3", debug_level="0"
    )
    return compiled


if os.environ.get("UNS_COMPILED") != "1":
    setup()
elif find_spec("mypyc") is None:
    setup(setup_requires=REQUIRES)  # pip asks first what a build needs, and installs it
else:
    setup(ext_modules=extensions())
