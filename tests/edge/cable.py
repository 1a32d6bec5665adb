"""A network cable between an edge node and a server: it can be cut, and it can go dead without anybody noticing."""

import asyncio
import contextlib


class Cable:
    """Forwards TCP to `port`. plug, cut (connections break), deaden (they stand, and nothing passes)."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._alive = asyncio.Event()
        self.port = 0

    async def plug(self) -> None:
        self._alive.set()
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """New connections are refused, those that stand break."""
        if self._server is not None:
            self._server.close()
        self.break_all()

    def break_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    def deaden(self) -> None:
        self._alive.clear()

    def revive(self) -> None:
        """What went dead is lost: its connections break."""
        self.break_all()
        self._alive.set()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                if not self._alive.is_set():
                    continue  # swallowed, as by a router that lost its table
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self._writers.discard(writer)
