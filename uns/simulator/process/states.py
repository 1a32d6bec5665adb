"""Which state is a packaging machine in, and which may follow? The table is the diagram (ISA-TR88.00.02, PackML).

The states between two others that last no longer than a step (resetting, holding, unholding ...) are left out.
"""

from enum import StrEnum


class State(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    EXECUTE = "execute"
    SUSPENDED = "suspended"  # the line is the cause: starved or blocked
    HELD = "held"  # the machine's own supply is the cause: caps, labels, product, air
    ABORTED = "aborted"  # fault
    CLEARING = "clearing"


class Command(StrEnum):
    START = "start"
    STOP = "stop"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    HOLD = "hold"
    UNHOLD = "unhold"
    ABORT = "abort"
    CLEAR = "clear"
    DONE = "done"  # the machine itself reports that an acting state is complete


TRANSITIONS = {
    (State.STOPPED, Command.START): State.STARTING,
    (State.STARTING, Command.DONE): State.EXECUTE,
    (State.STARTING, Command.STOP): State.STOPPED,
    (State.STARTING, Command.ABORT): State.ABORTED,
    (State.EXECUTE, Command.SUSPEND): State.SUSPENDED,
    (State.EXECUTE, Command.HOLD): State.HELD,
    (State.EXECUTE, Command.STOP): State.STOPPED,
    (State.EXECUTE, Command.ABORT): State.ABORTED,
    (State.SUSPENDED, Command.UNSUSPEND): State.EXECUTE,
    (State.SUSPENDED, Command.STOP): State.STOPPED,
    (State.HELD, Command.UNHOLD): State.EXECUTE,
    (State.HELD, Command.STOP): State.STOPPED,
    (State.ABORTED, Command.CLEAR): State.CLEARING,
    (State.CLEARING, Command.DONE): State.STOPPED,
}
