"""Which certificate do new connections get, once its file has been renewed?

file written ──LOOK_S, or SIGHUP──▶ loaded and tried ──▶ served to new connections; those that exist stay as they are
                                           └─ cannot be served, or clients would refuse it: the old one stays
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path

from uns.errors import UnsError
from uns.server.certificate import TlsFiles, server_context, valid_until

log = logging.getLogger(__name__)

LOOK_S = 60.0
"""Between two looks at the files: three calls of stat."""

Stamp = tuple[int, int, int]
"""What changes when a file is written or replaced."""


class Served:
    """What one port serves TLS with. context: for the next connection.

    Raises UnsError as `server_context` does when the files cannot be served at the start.
    """

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._stamps = _stamps(files)
        self.context: ssl.SSLContext = server_context(files)

    def look(self, *, asked: bool = False) -> None:
        """Take up files that have changed since the last look, or whatever is there when `asked`.

        What cannot be served is told once, as a finding in the log, and tried again when a file changes.
        """
        stamps = _stamps(self.files)
        if stamps == self._stamps and not asked:
            return
        self._stamps = stamps
        setting = self.files.setting("certificate")
        try:
            context, end = server_context(self.files), valid_until(self.files)
        except UnsError as error:
            log.error("%s: the earlier certificate is served on, for %s", setting, error.finding)
        else:
            self.context = context
            log.info("%s: new connections get '%s', valid until %s", setting, self.files.certificate, end)


async def follow(served: Sequence[Served], asked: asyncio.Event) -> None:
    """Keep an eye on the files of all ports, for ever; `asked` (SIGHUP) has them read at once."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), LOOK_S)
        is_asked = asked.is_set()
        asked.clear()
        for each in served:
            await asyncio.to_thread(each.look, asked=is_asked)


def _stamps(files: TlsFiles) -> list[Stamp | None]:
    return [_stamp(path) for path in (files.certificate, files.key, files.client_ca) if path is not None]


def _stamp(path: Path) -> Stamp | None:
    """None while the file is not there: it may just be replaced."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
