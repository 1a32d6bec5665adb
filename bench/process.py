"""How does a part of the load run in a process of its own, and what does a process take?"""

import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.scenario import NoFigure

_FORK = multiprocessing.get_context("fork")
"""Forked, so that the prepared frames need no copying."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class LoadFailed(Exception):
    """A process of the load generator ended with an exception; the text is its traceback."""


class Worker:
    """`work(*arguments)` in a process of its own; leaving the context ends it."""

    def __init__(self, work: Callable[..., Any], *arguments: Any) -> None:
        self._results, there = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(target=_run, args=(there, work, arguments), daemon=True)
        self._process.start()
        there.close()
        self._answer: tuple[bool, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()
        self._results.close()

    def is_done(self) -> bool:
        """Has it returned? Raises what `result` raises when it has failed."""
        if self._answer is None and self._results.poll():
            self._answer = self._receive()
        return self._answer is not None and self._checked(self._answer) is not None

    def result(self, within_s: float) -> Any:
        """What it returned. Raises the NoFigure that it raised, LoadFailed for any other exception, or TimeoutError."""
        if self._answer is None:
            if not self._results.poll(within_s):
                raise TimeoutError(f"the load generator did not finish within {within_s:g} s")
            self._answer = self._receive()
        return self._checked(self._answer)[0]

    def _receive(self) -> tuple[bool, Any]:
        try:
            answer: tuple[bool, Any] = self._results.recv()
        except EOFError:
            return False, "the process ended without a result"
        return answer

    @staticmethod
    def _checked(answer: tuple[bool, Any]) -> tuple[Any]:
        succeeded, value = answer
        if isinstance(value, NoFigure):
            raise value
        if not succeeded:
            raise LoadFailed(value)
        return (value,)


def _run(results: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what the parent does at it
    try:
        results.send((True, work(*arguments)))
    except NoFigure as error:
        results.send((False, error))
    except BaseException:
        results.send((False, traceback.format_exc()))


def cpu_s(pid: int) -> float:
    """CPU time a process has taken so far, all of its threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def allow_many_files() -> int:
    """Raise the limit of open files as far as it may go, for this process and its children; the new limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
