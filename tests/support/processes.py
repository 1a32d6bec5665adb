"""Which processes did a process start, and which of them are still there?"""

import os
from pathlib import Path


def children(pid: int) -> list[int]:
    """The direct children; none on a system without /proc."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def is_running(pid: int) -> bool:
    """Does it exist, and is it more than a zombie that nobody has waited for?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return not Path("/proc").exists()
    return state != "Z"
