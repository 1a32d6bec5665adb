"""An OPC UA server for the tests: `[CERTIFICATES] PORT`. Input: `set NAME VALUE`, `bad NAME`, `burst NAME COUNT`."""

import asyncio
import logging
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Server, ua
from asyncua.common.node import Node
from asyncua.server.user_managers import User, UserRole

SOURCE_TIME = datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC)
URI = "urn:test:plant"


class Users:
    """Anybody anonymous, and `operator` with a password."""

    def get_user(
        self, _server: object, username: str | None = None, password: str | None = None, certificate: object = None
    ) -> User | None:
        if username is None:
            return User(role=UserRole.User)
        return User(role=UserRole.User) if (username, password) == ("operator", "secret") else None


VALUES = {
    "bool": (True, ua.VariantType.Boolean),
    "sbyte": (-8, ua.VariantType.SByte),
    "byte": (200, ua.VariantType.Byte),
    "int16": (-16, ua.VariantType.Int16),
    "uint16": (65000, ua.VariantType.UInt16),
    "int32": (-(2**31), ua.VariantType.Int32),
    "uint32": (2**32 - 1, ua.VariantType.UInt32),
    "int64": (-(2**63), ua.VariantType.Int64),
    "uint64": (2**64 - 1, ua.VariantType.UInt64),
    "float": (1.5, ua.VariantType.Float),
    "double": (21.4, ua.VariantType.Double),
    "string": ("grün", ua.VariantType.String),
    "numeric_string": ("007", ua.VariantType.String),
    "datetime": (SOURCE_TIME, ua.VariantType.DateTime),
    "guid": (uuid.UUID("12345678-1234-5678-1234-567812345678"), ua.VariantType.Guid),
    "bytes": (b"\x00\xff", ua.VariantType.ByteString),
    "text": (ua.LocalizedText("running", "en"), ua.VariantType.LocalizedText),
    "array": ([1.0, 2.0], ua.VariantType.Double),
    "empty": (None, ua.VariantType.Double),
    "changing": (21.4, ua.VariantType.Double),
    "queued": (0.0, ua.VariantType.Double),
    "written_bool": (True, ua.VariantType.Boolean),
    "written_int16": (0, ua.VariantType.Int16),
    "written_double": (0.0, ua.VariantType.Double),
    "written_string": ("", ua.VariantType.String),
}


async def build(server: Server) -> dict[str, Node]:
    index = await server.register_namespace(URI)
    nodes = {}
    for name, (value, kind) in VALUES.items():
        variant = ua.Variant() if value is None else ua.Variant(value, kind)
        node = await server.nodes.objects.add_variable(
            f"ns={index};s={name}", name, variant, datatype=ua.NodeId(kind.value)
        )
        nodes[name] = node
        if value is not None:
            await node.write_value(ua.DataValue(variant, SourceTimestamp=SOURCE_TIME))
        await node.set_writable(name.startswith("written_"))
    await server.nodes.objects.add_object(f"ns={index};s=folder", "folder")
    return nodes


async def obey(nodes: dict[str, Node], line: str) -> None:
    match line.split():
        case ["set", name, value]:
            await nodes[name].write_value(ua.Variant(float(value), VALUES[name][1]))
        case ["bad", name]:
            status = ua.StatusCode(ua.StatusCodes.BadSensorFailure)
            await nodes[name].write_value(ua.DataValue(ua.Variant(None), StatusCode=status))
        case ["burst", name, count]:
            for number in range(int(count)):
                await nodes[name].write_value(ua.Variant(float(number), VALUES[name][1]))


async def secure(server: Server, certificates: Path) -> None:
    """Offer only what is signed and encrypted."""
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    await server.load_certificate(str(certificates / "server.der"))
    await server.load_private_key(str(certificates / "server.pem"))


async def main() -> None:
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{sys.argv[-1]}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    if len(sys.argv) > 2:
        await secure(server, Path(sys.argv[1]))
    nodes = await build(server)
    async with server:
        print("ready", flush=True)  # noqa: T201
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            await obey(nodes, line)
            print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main())
