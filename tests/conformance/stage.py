"""Does the broker keep to a play? Runs its steps, whatever the wire."""

from inspect import signature
from typing import Any

import uns.mqtt
from tests.conformance.cases import Case, Step, raw_bytes
from tests.conformance.peers import Peer
from tests.conformance.wires import Network
from uns.mqtt import Connack, Connect, ConnectWill, Disconnect, Suback, Subscribe, Subscription

_NAMED = {"packet_id", "client_id", "assigned_client_identifier"}
_BYTES = {"payload", "password", "correlation_data", "authentication_data"}
_OPTIONS = {"qos", "no_local", "retain_as_published", "retain_handling"}


class Stage:
    """Plays one case in one version."""

    def __init__(self, network: Network, case: Case, version: int) -> None:
        self._network = network
        self._case = case
        self._version = version
        self._peers: dict[str, Peer] = {}
        self._names: dict[str, Any] = {}
        self._packet_id = 60_000

    async def play(self) -> None:
        """AssertionError, with the line, where the broker leaves the play."""
        line = ""
        try:
            for step in self._case.steps:
                line = step.line
                await self._act(step)
            line = "the end"
            for name, peer in self._peers.items():
                line = f"the end, {name} < nothing"
                if not peer.gone:
                    await peer.expect_nothing()
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"{self._case.case}: at `{line}`: {error}") from error
        finally:
            for peer in self._peers.values():
                await peer.hang_up()

    async def _act(self, step: Step) -> None:
        match step.verb:
            case "clock":
                await self._network.pass_time(step.fields["ms"])
            case "differ":
                one, other = self._names[step.fields["one"]], self._names[step.fields["other"]]
                assert one != other, f"both are {one}"
            case "connects":
                await self._connect(step)
            case "subscribes":
                await self._subscribe(step)
            case "leaves":
                peer = self._peers[step.peer]
                await peer.send(self._packet("disconnect", step.fields, peer))
                await peer.expect_closed()
            case "lost":
                peer = self._peers[step.peer]
                await peer.wire.lose()
                await peer.hang_up()
            case "raw":
                peer = await self._peer(step.peer, self._version)
                await peer.wire.send(raw_bytes(step.what))
            case ">":
                peer = await self._peer(step.peer, step.fields.get("version", self._version))
                await peer.send(self._packet(step.what, step.fields, peer, step.peer))
            case "<":
                await self._expect(step)

    async def _peer(self, name: str, version: int) -> Peer:
        """A client that is not there yet, or is gone, comes on a new connection."""
        peer = self._peers.get(name)
        if peer is None or peer.gone:
            peer = self._peers[name] = Peer(await self._network.dial(), version)
        return peer

    async def _connect(self, step: Step) -> None:
        peer = await self._peer(step.peer, step.fields.get("version", self._version))
        expected = {name: step.fields[name] for name in ("session_present",) if name in step.fields}
        asked = {name: value for name, value in step.fields.items() if name not in expected}
        await peer.send(self._packet("connect", asked, peer, step.peer))
        self._compare(await peer.next(), Connack, {"reason_code": 0} | expected, peer)

    async def _subscribe(self, step: Step) -> None:
        peer = self._peers[step.peer]
        options = {name: value for name, value in step.fields.items() if name in _OPTIONS}
        rest = {name: value for name, value in step.fields.items() if name not in _OPTIONS}
        self._packet_id += 1
        properties = rest if rest and peer.version == 5 else None
        await peer.send(Subscribe(self._packet_id, [Subscription(step.what, **options)], properties))
        granted = {"packet_id": self._packet_id, "reason_codes": [options.get("qos", 0)]}
        self._compare(await peer.next(), Suback, granted, peer)

    async def _expect(self, step: Step) -> None:
        peer = self._peers[step.peer]
        if step.what == "nothing":
            await peer.expect_nothing()
        elif step.what == "closed":
            await peer.expect_closed()
        else:
            kind = _kind(step.what)
            if kind is not Disconnect or peer.version == 5:
                self._compare(await peer.next(), kind, step.fields, peer)

    # --- packets ----------------------------------------------------------------------------------------------------

    def _packet(self, what: str, fields: dict[str, Any], peer: Peer, name: str = "") -> Any:
        kind = _kind(what)
        own: dict[str, Any] = {"client_id": name, "version": peer.version} if kind is Connect else {}
        properties: dict[str, Any] = {}
        for field, value in fields.items():
            (own if field in _fields(kind) else properties)[field] = self._value(field, value, peer)
        if properties and peer.version == 5:
            own["properties"] = properties
        return kind(**own)

    def _value(self, field: str, value: Any, peer: Peer) -> Any:
        if field in _NAMED and isinstance(value, str) and value.startswith("="):
            return self._names[value[1:]]
        if field == "will":
            return self._will(value, peer)
        if field == "subscriptions":
            return [Subscription(**{key: _plain(key, each) for key, each in one.items()}) for one in value]
        return _plain(field, value)

    def _will(self, fields: dict[str, Any], peer: Peer) -> ConnectWill:
        values = {field: _plain(field, value) for field, value in fields.items()}
        own = {field: value for field, value in values.items() if field in ConnectWill.__struct_fields__}
        rest = {field: value for field, value in values.items() if field not in own}
        return ConnectWill(**own, properties=rest if rest and peer.version == 5 else None)

    def _compare(self, packet: Any, kind: type[Any], fields: dict[str, Any], peer: Peer) -> None:
        assert type(packet) is kind, f"expected {kind.__name__}, came: {packet}"
        properties = getattr(packet, "properties", None) or {}
        for field, value in fields.items():
            if field not in _fields(kind) and peer.version < 5:
                continue
            if field == "reason_codes" and kind is uns.mqtt.Unsuback and peer.version < 5:
                continue
            found = getattr(packet, field) if field in _fields(kind) else properties.get(field)
            if field in _NAMED and isinstance(value, str) and value.startswith("="):
                value = self._names.setdefault(value[1:], found)
            expected = _plain(field, value)
            if field == "subscription_identifier" and found and expected:  # in any order: MQTT-3.3.4-4
                found, expected = sorted(found), sorted(expected)
            assert found == expected, f"{field} is {found!r}, not {expected!r}: {packet}"


def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(signature(kind).parameters)  # the same for a struct, a plain class and a compiled one


def _kind(what: str) -> type[Any]:
    kind: type[Any] = getattr(uns.mqtt, what.capitalize())
    assert isinstance(kind, type), what
    return kind


def _plain(field: str, value: Any) -> Any:
    """`{hex: ff}` is bytes, `{fill: 1000}` many characters, maybe after some; bytes may be written as text."""
    if isinstance(value, dict):
        value = bytes.fromhex(value["hex"]) if "hex" in value else value.get("after", "") + "x" * value["fill"]
    if field in _BYTES and isinstance(value, str):
        return value.encode()
    if field == "user_property" and value is not None:
        return [tuple(pair) for pair in value]
    return value
