"""Learn mode on a running server: where observations come from, and how proposals are written as plant files."""

from uns.app.learn.files import write_proposals
from uns.app.learn.study import Study

__all__ = ["Study", "write_proposals"]
