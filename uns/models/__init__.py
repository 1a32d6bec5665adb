"""Every version of every model that this server has ever run."""

from uns.models.store import ModelStore

__all__ = ["ModelStore"]
