"""What the broker must not forget, in one SQLite file: sessions, messages on their way to them, retained messages."""

from uns.persistence.commit import Durability, GroupCommit
from uns.persistence.store import BrokerStore

__all__ = ["BrokerStore", "Durability", "GroupCommit"]
