"""How does this broker compare with its peers? `python -m bench`; `docs/benchmarks.md` says how it is measured."""
