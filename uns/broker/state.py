"""Where is a connection in its life?"""

from enum import Enum


class State(Enum):
    """The arrows are drawn in `connection`."""

    NEW = "new"
    AUTHENTICATING = "authenticating"
    OPEN = "open"
    CLOSED = "closed"
