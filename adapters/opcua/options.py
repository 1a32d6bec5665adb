"""What can be set for an OPC UA source, and what is wrong with it?"""

import base64
import binascii
import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from uns.adapter import Point, SourceConfig
from uns.errors import Finding
from uns.fields import Milliseconds, pointer, read_fields

_NODE_ID = re.compile(r"(?:ns=(?P<index>\d+);|nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<identifier>.+)", re.DOTALL)
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class SecurityPolicy(StrEnum):
    """Security policies that servers of today offer (OPC UA Part 7, section 6.6)."""

    NONE = "None"
    BASIC256SHA256 = "Basic256Sha256"
    AES128 = "Aes128Sha256RsaOaep"
    AES256 = "Aes256Sha256RsaPss"


class SecurityMode(StrEnum):
    """What a policy other than None does with each message."""

    SIGN = "Sign"
    SIGN_AND_ENCRYPT = "SignAndEncrypt"


class Options(msgspec.Struct, frozen=True):
    """Keys of the source file beside the platform's.

    publishing_interval: how often the server sends what changed; sampling_interval: how often it looks, by default
    the same; queue_size: values the server keeps per node between two publishes, the oldest are dropped;
    timeout: of each request. username and password: leave out for an anonymous session. With a security_policy the
    server's certificate is pinned: `server_certificate` names the only one accepted.
    """

    username: str = ""
    password: str = ""
    publishing_interval: Milliseconds = Milliseconds(500)
    sampling_interval: Milliseconds | None = None
    queue_size: int = 1
    timeout: Milliseconds = Milliseconds(5000)
    security_policy: SecurityPolicy = SecurityPolicy.NONE
    security_mode: SecurityMode = SecurityMode.SIGN_AND_ENCRYPT
    certificate: str = ""
    private_key: str = ""
    server_certificate: str = ""
    application_uri: str = "urn:uns-platform:edge"


class NodeAddress(msgspec.Struct, frozen=True):
    """Keys of a point. node: a NodeId such as `ns=2;s=line1.speed`, or `nsu=URI;…`, which outlives a renumbering;
    type: read by the platform, overrides the server's datatype."""

    node: str
    type: str = ""
    sampling_interval: Milliseconds | None = None


class Setup(msgspec.Struct, frozen=True):
    """A source file understood."""

    endpoint: str
    options: Options
    nodes: Mapping[Point, NodeAddress]

    def sampling_ms(self, address: NodeAddress) -> int:
        for choice in (address.sampling_interval, self.options.sampling_interval):
            if choice is not None:
                return int(choice)
        return int(self.options.publishing_interval)


def read_setup(config: SourceConfig) -> tuple[Setup | None, list[Finding]]:
    """The configuration as a Setup; None and every finding when something is wrong."""
    options, findings = read_fields(Options, config.options)
    if options is not None:
        findings += _check_options(options)
    findings += _check_endpoint(config.endpoint)
    nodes: dict[Point, NodeAddress] = {}
    for point in config.points:
        address, wrong = read_fields(NodeAddress, point.address, point.where())
        if address is not None:
            nodes[point] = address
            wrong = _check_node(address.node, point.where("node"))
        findings += wrong
    if findings or options is None:
        return None, findings
    return Setup(config.endpoint, options, nodes), []


def split_namespace(node: str) -> tuple[str, str]:
    """`nsu=URI;s=x` to (URI, `s=x`); a NodeId with an index has the URI ""."""
    match = _NODE_ID.fullmatch(node)
    if match is None or match["uri"] is None:
        return "", node
    return match["uri"], f"{match['kind']}={match['identifier']}"


def _check_endpoint(endpoint: str) -> list[Finding]:
    try:
        parts = urlsplit(endpoint)
        fine = parts.scheme == "opc.tcp" and bool(parts.hostname) and (parts.port or 4840) > 0
    except ValueError:
        fine = False
    if fine:
        return []
    return [
        Finding(
            id="source.bad_endpoint",
            what=f"'{endpoint}' is not the address of an OPC UA server.",
            where="/endpoint",
            hint="Write opc.tcp://HOST:PORT, such as opc.tcp://192.168.0.10:4840.",
        )
    ]


def _check_options(options: Options) -> list[Finding]:
    findings = [
        _wrong(key, f"'{key}' is {value}; it must be at least {least}.", f"Write {least} or more.")
        for key, value, least in (
            ("publishing_interval", options.publishing_interval, 10),
            ("timeout", options.timeout, 100),
            ("queue_size", options.queue_size, 1),
        )
        if value < least
    ]
    if options.password and not options.username:
        findings.append(_wrong("password", "there is a password and no username.", "Add 'username'."))
    files = {key: getattr(options, key) for key in ("certificate", "private_key", "server_certificate")}
    if options.security_policy is not SecurityPolicy.NONE:
        findings += [
            _wrong(key, f"the security policy {options.security_policy} needs '{key}'.", "Name a .pem or .der file.")
            for key, path in files.items()
            if not path
        ]
    elif any(files.values()):
        findings.append(
            _wrong(
                "security_policy",
                "certificates are named, and the security policy is None: nothing would be signed or encrypted.",
                f"Set it to {SecurityPolicy.BASIC256SHA256}, or remove the certificates.",
            )
        )
    return findings


def _check_node(node: str, where: str) -> list[Finding]:
    match = _NODE_ID.fullmatch(node)
    if match is not None and _identifier_fits(match["kind"], match["identifier"]):
        return []
    return [
        Finding(
            id="source.bad_node",
            what=f"'{node}' is not a NodeId.",
            where=where,
            hint="Write ns=INDEX;s=TEXT or ns=INDEX;i=NUMBER, as an OPC UA browser shows it (g= and b= work too).",
        )
    ]


def _identifier_fits(kind: str, identifier: str) -> bool:
    match kind:
        case "i":
            return identifier.isdecimal() and int(identifier) <= 0xFFFFFFFF
        case "g":
            return _GUID.fullmatch(identifier) is not None
        case "b":
            try:
                return bool(base64.b64decode(identifier, validate=True))
            except binascii.Error:
                return False
        case _:
            return True


def _wrong(key: str, what: str, hint: str) -> Finding:
    return Finding(id="source.wrong_value", what=what, where=pointer(key), hint=hint)
