"""The packaging lines as an OPC UA server: tag `line1/filler/state` is NodeId `ns=2;s=line1.filler.state`.

A change is written with its source timestamp; an unchanged value is left alone. What a client writes to a setpoint
goes to the plant, and is refused with BadOutOfRange outside its limits. No security: this is a simulator.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from uns.errors import Finding, UnsError
from uns.samples import DataType
from uns.simulator.process.physics import Value
from uns.simulator.process.plant import Plant
from uns.simulator.process.setpoints import WriteRefused

NAMESPACE_URI = "urn:uns-platform:simulator:packaging"
NAMESPACE_INDEX = 2
PATH = "/acme/ghent/packaging"
_NARROW = {"speed/actual": DataType.FLOAT, "speed/setpoint": DataType.FLOAT, "layer": DataType.UINT16}
_BY_PYTHON_TYPE = {bool: DataType.BOOLEAN, int: DataType.UINT32, float: DataType.DOUBLE, str: DataType.STRING}
_VARIANT_NAMES = {
    DataType.BOOLEAN: "Boolean",
    DataType.UINT16: "UInt16",
    DataType.UINT32: "UInt32",
    DataType.FLOAT: "Float",
    DataType.DOUBLE: "Double",
    DataType.STRING: "String",
}


def _asyncua() -> Any:
    """Imported late: 0.3 s. Untyped: its annotations ask for wrapper types that its own examples do not use."""
    import asyncua

    return asyncua


def tags(plant: Plant) -> dict[str, Value]:
    """The tags this server shows, with their values now."""
    return {tag: value for tag, value in plant.values().items() if tag.partition("/")[0] in plant.lines}


def datatype(tag: str, value: Value) -> DataType:
    """The type of a tag: by attribute path where the controller uses a narrow one, else by its value."""
    path = tag.split("/", 2)[2]
    return _NARROW.get(path, _BY_PYTHON_TYPE[type(value)])


def identifier(tag: str) -> str:
    """The string identifier of a tag's NodeId."""
    return tag.replace("/", ".")


class OpcUaServer:
    """Started once, published to after each step, stopped once."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._server: Any = None
        self._nodes: dict[str, tuple[Any, Any]] = {}  # tag: (NodeId, VariantType)
        self._writable: dict[Any, str] = {}  # NodeId: tag
        self._last: dict[str, Value | None] = {}
        self.host, self.port = "", 0

    @property
    def endpoint(self) -> str:
        return f"opc.tcp://{self.host}:{self.port}{PATH}"

    async def start(self, host: str, port: int) -> None:
        """Listen; raises UnsError when the port is taken."""
        library = _asyncua()
        ua = library.ua
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it reports each lost client with a traceback
        server = library.Server()
        await server.init()
        await server.set_application_uri("urn:uns-platform:simulator")
        server.set_server_name("Acme Ghent packaging (simulated)")
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_endpoint(f"opc.tcp://{host}:{port}{PATH}")
        await server.register_namespace(NAMESPACE_URI)
        await self._add_nodes(server)
        self._watch_writes(server)
        try:
            await server.start()
        except OSError as error:
            raise UnsError(
                Finding(
                    id="unreachable.listen",
                    what=f"the OPC UA server cannot listen on {host}:{port}: {error.strerror or error}.",
                    hint="Stop what listens there, or choose another port with --opcua-port.",
                )
            ) from error
        self._server = server
        self.host, self.port = host, server.bserver.port

    async def publish(self, values: Mapping[str, Value], failed: Collection[str], now: datetime) -> None:
        """Write what has changed. A failed sensor reads BadSensorFailure, without a value."""
        ua = _asyncua().ua
        assert self._server is not None
        for tag, (node_id, variant_type) in self._nodes.items():
            value = None if tag in failed else values[tag]
            if tag in self._last and self._last[tag] == value:
                continue
            self._last[tag] = value
            if value is None:
                status = ua.StatusCode(ua.StatusCodes.BadSensorFailure)
                data = ua.DataValue(StatusCode=status, SourceTimestamp=now, ServerTimestamp=now)
            else:
                variant = ua.Variant(value, variant_type)
                data = ua.DataValue(variant, SourceTimestamp=now, ServerTimestamp=now)
            await self._server.iserver.write_attribute_value(node_id, data)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def _add_nodes(self, server: Any) -> None:
        ua = _asyncua().ua
        writable = self._plant.writable()
        folders = {"": server.nodes.objects}
        for tag, value in tags(self._plant).items():
            path, _, name = tag.rpartition("/")
            folder = await self._folder(path, folders)
            node_id = ua.NodeId(identifier(tag), NAMESPACE_INDEX)
            variant_type = ua.VariantType[_VARIANT_NAMES[datatype(tag, value)]]
            node = await folder.add_variable(node_id, f"{NAMESPACE_INDEX}:{name}", ua.Variant(value, variant_type))
            self._nodes[tag] = node_id, variant_type
            if tag in writable:
                await node.set_writable()
                self._writable[node_id] = tag

    async def _folder(self, path: str, folders: dict[str, Any]) -> Any:
        """The folder node of `line1/filler/speed`, made with those above it when it is not there yet."""
        if path not in folders:
            above, _, name = path.rpartition("/")
            parent = await self._folder(above, folders)
            node_id = _asyncua().ua.NodeId(identifier(path), NAMESPACE_INDEX)
            folders[path] = await parent.add_folder(node_id, f"{NAMESPACE_INDEX}:{name}")
        return folders[path]

    def _watch_writes(self, server: Any) -> None:
        """Check before the address space changes, take over after it has: what it refuses itself stays out."""
        from asyncua.common.callback import CallbackType

        server.subscribe_server_callback(CallbackType.PreWrite, self._check_writes)
        server.subscribe_server_callback(CallbackType.PostWrite, self._take_over)

    def _check_writes(self, event: Any, _: object) -> None:
        """An error raised here is the answer to the whole request."""
        errors = _asyncua().ua.uaerrors
        for tag, value in self._writes(event):
            if tag is None:
                continue
            if type(value) not in (int, float):
                raise errors.BadTypeMismatch
            try:
                self._plant.check(tag, value)
            except WriteRefused as refused:
                raise errors.BadOutOfRange from refused

    def _take_over(self, event: Any, _: object) -> None:
        for (tag, value), status in zip(self._writes(event), event.response_params, strict=False):
            if tag is not None and status.is_good():
                self._plant.write(tag, value)
                self._last[tag] = value

    def _writes(self, event: Any) -> list[tuple[str | None, Any]]:
        """(tag, or None when it is not writable; value) of each write of a client."""
        if not event.is_external:
            return []
        return [
            (self._writable.get(write.NodeId), write.Value.Value.Value if write.Value.Value else None)
            for write in event.request_params.NodesToWrite
        ]
