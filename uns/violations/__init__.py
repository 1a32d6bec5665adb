"""The record of every message that broke a rule, and the quarantine."""

from uns.violations.rows import StoredViolation
from uns.violations.store import Page, ViolationStatus, ViolationStore

__all__ = ["Page", "StoredViolation", "ViolationStatus", "ViolationStore"]
