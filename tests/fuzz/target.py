"""The target of libFuzzer, by atheris: `make fuzz`, or `python -m tests.fuzz.target CORPUS -runs=1000000`."""

import sys

import atheris

with atheris.instrument_imports(include=["uns"]):
    from tests.fuzz.harness import Harness

_harness = Harness()


def main() -> None:
    atheris.Setup(sys.argv, _harness.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
