"""Which plant files ran when, by whose hand and why? Every revision, kept whole."""

from uns.revisions.store import RevisionStore, State

__all__ = ["RevisionStore", "State"]
