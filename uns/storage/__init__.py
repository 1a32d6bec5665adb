"""What the rooms that keep data share: one SQLite file with numbered migrations, and one thread that writes batches."""

from uns.storage.batch import BatchStatus, BatchWriter, Limits
from uns.storage.database import Database

__all__ = ["BatchStatus", "BatchWriter", "Database", "Limits"]
