"""The namespace as code at run time: plan, apply without a restart, revisions, drift."""

from uns.app.govern.governor import Governor, finish_pending
from uns.app.govern.switch import Switch

__all__ = ["Governor", "Switch", "finish_pending"]
