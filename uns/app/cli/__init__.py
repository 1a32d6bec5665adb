"""The command `uns`."""

from uns.app.cli.main import main

__all__ = ["main"]
