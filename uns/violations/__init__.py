"""The record of every message that broke a rule, the quarantine, and the inbox where people decide about them."""

from uns.violations.blocks import Blocks
from uns.violations.group_key import GroupKey, group_key
from uns.violations.held import Quarantine, Replay
from uns.violations.inbox import Inbox
from uns.violations.rows import StoredViolation
from uns.violations.store import Page, ViolationStatus, ViolationStore

__all__ = [
    "Blocks",
    "GroupKey",
    "Inbox",
    "Page",
    "Quarantine",
    "Replay",
    "StoredViolation",
    "ViolationStatus",
    "ViolationStore",
    "group_key",
]
