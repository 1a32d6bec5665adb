"""The namespace as code at run time: plan, apply without a restart, revisions, drift."""

from uns.app.govern.governor import Governor

__all__ = ["Governor"]
