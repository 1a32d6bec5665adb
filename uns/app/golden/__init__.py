"""Golden messages: what a plant's models and rules must accept and refuse, kept beside them and judged offline."""

from uns.app.golden.case import Case
from uns.app.golden.run import run_cases

__all__ = ["Case", "run_cases"]
