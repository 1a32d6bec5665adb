"""How much of what was written to a transport has its peer not taken yet?"""

import asyncio
import fcntl
import struct
import sys
import termios


def unacknowledged_bytes(transport: asyncio.Transport) -> int:
    """In the transport and, where the system tells (Linux), in the kernel up to the peer's acknowledgement.

    Elsewhere a client that reads slowly seems to stand still until the kernel's buffer has drained so far that the
    transport may write again.
    """
    return transport.get_write_buffer_size() + _in_kernel(transport)


if sys.platform == "linux":

    def _in_kernel(transport: asyncio.Transport) -> int:
        socket = transport.get_extra_info("socket")
        if socket is None or socket.fileno() < 0:
            return 0
        (count,) = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(4)))
        return int(count)

else:

    def _in_kernel(transport: asyncio.Transport) -> int:
        return 0
