"""Which settings does a server have? Each is declared once; file, environment, defaults and reference come from here.

A setting stands in `uns.yaml` (`mqtt: {port: 1883}`) or in the environment (`UNS_MQTT_PORT=1883`), which wins.
`python -m uns.app.settings` prints the reference page.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from uns.broker.limits import Limits
from uns.edge.servers import parse_server
from uns.errors import Finding, UnsError, nearest
from uns.host.projection import Template, compile_projection, template_fault
from uns.registry.pointer import to_pointer
from uns.topics import filter_fault, topic_fault

_LIMITS = Limits()


class _Section(BaseModel):
    """Strict: `port: "1883"` and `port: yes` are findings, not guesses."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Listener(_Section):
    """Where something listens, with and without TLS; who inherits it says on which ports."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 is every IPv4 interface.")
    port: int
    plain: bool
    tls_port: int
    tls_certificate: str = Field(
        default="", description="PEM file of the server's certificate and those it is signed by; turns TLS on."
    )
    tls_key: str = Field(default="", description="PEM file of its private key; empty: it is in `tls_certificate`.")
    tls_client_ca: str = Field(
        default="", description="PEM file of the authorities whose certificates clients must have; empty asks for none."
    )
    tls_names_user: bool = Field(
        default=False,
        description="The common name in a client's certificate is its user of `access.yaml`; needs `tls_client_ca`.",
    )


class MqttSettings(_Listener):
    """The MQTT listener and the bounds of the broker."""

    port: int = Field(default=1883, ge=0, le=65_535, description="TCP port; 0 takes a free one.")
    plain: bool = Field(default=True, description="Listen on `port`, without TLS; false leaves TLS and WebSocket.")
    tls_port: int = Field(
        default=8883,
        ge=0,
        le=65_535,
        description="TCP port of MQTT over TLS, with `tls_certificate`; 0 takes a free one.",
    )
    durability: Literal["fsync", "os", "memory"] = Field(
        default="fsync",
        description="What an acknowledgement promises for retained messages, sessions and what waits for them: `fsync` "
        "on the disk, `os` handed to the operating system, `memory` forgotten at a restart.",
    )
    max_packet_bytes: int = Field(
        default=_LIMITS.max_packet_bytes, ge=1024, le=268_435_455, description="Largest packet."
    )
    connect_timeout_s: int = Field(
        default=_LIMITS.connect_timeout_s, ge=1, description="A connection must CONNECT in this."
    )
    max_connections: int = Field(default=_LIMITS.max_connections, ge=1, description="More are turned away.")
    max_connections_per_address: int = Field(
        default=_LIMITS.max_connections_per_address,
        ge=1,
        description="Of one IPv4 address or IPv6 /64; more are turned away.",
    )
    max_connect_rate: int = Field(
        default=_LIMITS.max_connect_rate, ge=0, description="New connections per second of one address; 0 is unlimited."
    )
    max_sessions: int = Field(
        default=_LIMITS.max_sessions, ge=1, description="Past it no session is made that outlives its connection."
    )
    max_client_id_bytes: int = Field(
        default=_LIMITS.max_client_id_bytes, ge=23, le=65_535, description="Length of a client id in UTF-8."
    )
    max_topic_levels: int = Field(default=_LIMITS.max_topic_levels, ge=1, description="Levels of a topic or filter.")
    max_topic_bytes: int = Field(
        default=_LIMITS.max_topic_bytes, ge=16, description="Length of a topic or filter in UTF-8."
    )
    max_user_properties: int = Field(
        default=_LIMITS.max_user_properties, ge=0, description="User properties of one message."
    )
    max_user_property_bytes: int = Field(
        default=_LIMITS.max_user_property_bytes, ge=0, description="Characters of all user properties of one message."
    )
    max_subscriptions_per_client: int = Field(
        default=_LIMITS.max_subscriptions_per_client, ge=1, description="Of one session."
    )
    max_subscription_identifiers: int = Field(
        default=_LIMITS.max_subscription_identifiers,
        ge=1,
        description="Filters with wildcards that have an identifier (MQTT 5), of one session.",
    )
    receive_maximum: int = Field(
        default=_LIMITS.receive_maximum,
        ge=1,
        le=65_535,
        description="QoS 1 and 2 messages in flight, per client and direction.",
    )
    max_queued_messages: int = Field(
        default=_LIMITS.max_queued_messages, ge=1, description="Waiting for one session; past it the oldest is shed."
    )
    max_queued_bytes: int = Field(
        default=_LIMITS.max_queued_bytes, ge=1024, description="Waiting for one session; past it the oldest is shed."
    )
    max_queued_total_bytes: int = Field(
        default=_LIMITS.max_queued_total_bytes,
        ge=1024,
        description="Waiting for all sessions; past it the fullest lose their oldest half.",
    )
    max_unsent_bytes: int = Field(
        default=_LIMITS.max_unsent_bytes, ge=1024, description="Waiting for one slow connection; past it QoS 0 is shed."
    )
    max_topics: int = Field(default=_LIMITS.max_topics, ge=1, description="Topics with a value kept in memory.")
    max_retained_messages: int = Field(
        default=_LIMITS.max_retained_messages, ge=1, description="Retained messages; past it no new one is taken."
    )
    max_retained_bytes: int = Field(
        default=_LIMITS.max_retained_bytes, ge=1024, description="Of all retained messages; past it none may grow."
    )
    max_memory_bytes: int = Field(
        default=_LIMITS.max_memory_bytes,
        ge=1048576,
        description="Of all that is held for clients; from 7/8 of it QoS 1 and 2 are refused.",
    )
    max_publish_rate: int = Field(
        default=_LIMITS.max_publish_rate,
        ge=0,
        description="Messages per second of one client, read more slowly past it; 0 is unlimited.",
    )
    max_publish_bytes_rate: int = Field(
        default=_LIMITS.max_publish_bytes_rate,
        ge=0,
        description="Bytes per second of one client, read more slowly past it; 0 is unlimited.",
    )
    topic_alias_maximum: int = Field(
        default=_LIMITS.topic_alias_maximum,
        ge=0,
        le=65_535,
        description="Topic aliases (MQTT 5), per client and direction.",
    )
    max_keep_alive_s: int = Field(
        default=_LIMITS.max_keep_alive_s, ge=0, le=65_535, description="Longest keep-alive granted; 0 grants any."
    )
    session_expiry_max_s: int = Field(
        default=_LIMITS.session_expiry_max_s,
        ge=0,
        le=4_294_967_295,
        description="Longest life of a session without connection.",
    )
    will_grace_s: int = Field(
        default=_LIMITS.will_grace_s,
        ge=0,
        le=65_535,
        description="How long clients may take to come back after the broker was killed, before their wills are sent.",
    )
    busy_poll_us: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Microseconds for which the broker looks for the next message before it sleeps: some 30 µs less to "
        "each message that comes meanwhile, for up to a whole core. 0 sleeps at once.",
    )
    sys_interval_s: int = Field(
        default=10, ge=0, le=65_535, description="Between two reports on $SYS/broker/#; 0 makes none."
    )

    def limits(self) -> Limits:
        """The bounds as the broker takes them."""
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})


class HttpSettings(_Listener):
    """The HTTP listener: web page, API, metrics, MQTT over WebSocket."""

    port: int = Field(default=8080, ge=0, le=65_535, description="TCP port; 0 takes a free one.")
    plain: bool = Field(default=True, description="Listen on `port`, without TLS; false leaves HTTPS alone.")
    tls_port: int = Field(
        default=8443, ge=0, le=65_535, description="TCP port of HTTPS, with `tls_certificate`; 0 takes a free one."
    )
    allowed_origins: list[str] = Field(
        default=[],
        description="Of web pages of other servers that may open `/mqtt`, such as `https://hmi.example`.",
    )


class HistorySettings(_Section):
    """What is recorded, and for how long."""

    enabled: bool = Field(default=True, description="Record at all.")
    record: list[str] = Field(default=[], description="Topic filters to record; empty is the whole declared tree.")
    retention_days: int = Field(default=30, ge=1, description="Older values are deleted.")
    queue_size: int = Field(
        default=200_000, ge=1000, description="Values waiting to be written; past it the oldest is shed."
    )

    @field_validator("record")
    @classmethod
    def _filters(cls, record: list[str]) -> list[str]:
        for topic_filter in record:
            shared = topic_filter.split("/", 1)[0] == "$share"
            fault = "a shared subscription would record a part only" if shared else filter_fault(topic_filter)
            if fault:
                text = "'{filter}' is no topic filter: {fault}"
                raise PydanticCustomError("filter", text, {"filter": topic_filter, "fault": fault})
        return record


class SparkplugSettings(_Section):
    """The Sparkplug B host application."""

    host_id: str = Field(default="uns", pattern=r"^[^+#/]+$", description="Name in spBv1.0/STATE/<host_id>.")
    projection: str = Field(
        default="isa95",
        description="On which topics metrics appear: `isa95`, `parris`, `cirrus`, `umh`, `metric`, or a template such "
        "as `{group:}/{node}/{device}/{metric}`; see docs/sparkplug.md.",
    )
    topics: dict[str, str] = Field(
        default={},
        description="What follows no template: `group/node/device` or `group/node/device/metric` to the topic that "
        "stands for it; an empty topic leaves it out.",
    )
    passive: bool = Field(
        default=False,
        description="Never ask for a rebirth: for a second host beside the primary one, which asks already.",
    )
    reorder_timeout_s: float = Field(
        default=2, ge=0, le=60, description="How long a message that is missing in the sequence is waited for."
    )
    rebirth_interval_s: float = Field(
        default=5, ge=0.1, le=3600, description="Between two rebirth requests to one edge node, whatever the causes."
    )
    start_spread_s: float = Field(
        default=3, ge=0, le=600, description="The first requests after a start are spread over so long."
    )
    aware: bool = Field(
        default=True,
        description="Be a Sparkplug Aware MQTT Server: births stay on `$sparkplug/certificates/#`, and an NDEATH that "
        "is a will gets the time of its delivery.",
    )
    max_nodes: int = Field(
        default=10_000, ge=1, description="Edge nodes followed; further ones are refused and counted."
    )

    @field_validator("projection")
    @classmethod
    def _is_template(cls, template: str) -> str:
        if fault := template_fault(template):
            raise PydanticCustomError("template", "'{template}': {fault}", {"template": template, "fault": fault})
        return template

    @field_validator("topics")
    @classmethod
    def _are_topics(cls, topics: dict[str, str]) -> dict[str, str]:
        for ids, topic in topics.items():
            fault = "" if "/" in ids else f"'{ids}' is not group/node, group/node/device or group/node/device/metric"
            if topic and topic_fault(topic):
                fault = f"'{topic}' is no topic: {topic_fault(topic)}"
            if fault:
                raise PydanticCustomError("topics", "{fault}", {"fault": fault})
        return topics

    @property
    def template(self) -> Template:
        """Where the metrics appear."""
        return compile_projection(self.projection, self.topics)


class EdgeSettings(_Section):
    """`uns edge`: the sources of this directory as Sparkplug edge nodes of a server elsewhere."""

    servers: list[str] = Field(
        default=[],
        description="MQTT servers, tried in turn, such as `mqtt://uns.example` or `mqtts://10.0.0.5:8883`.",
    )
    user: str = Field(default="", description="Login; the edge nodes of this directory share it.")
    password_file: str = Field(default="", description="File with the password. Or set `UNS_EDGE_PASSWORD`.")
    ca: str = Field(default="", description="PEM file of the authority to trust for `mqtts`; empty is the public ones.")
    certificate: str = Field(default="", description="PEM file of a client certificate, for `mqtts`.")
    key: str = Field(default="", description="PEM file of its private key.")
    version: Literal["5", "3.1.1"] = Field(default="5", description="Of MQTT.")
    keep_alive_s: int = Field(default=30, ge=5, le=3600, description="Between two signs of life at the most.")
    compress: bool = Field(
        default=False, description="Send large messages compressed (DEFLATE); the host must understand it, ours does."
    )
    primary_host: str = Field(
        default="",
        pattern=r"^[^+#/]*$",
        description="Sparkplug host without which nothing is published; empty waits for none.",
    )
    backlog_samples: int = Field(
        default=1_000_000, ge=1000, description="Kept on disk for each source while it cannot be published."
    )
    backlog_when_full: Literal["oldest", "newest"] = Field(
        default="oldest", description="Which samples give way then; they are counted."
    )
    backlog_per_s: int = Field(
        default=5000, ge=10, description="Kept samples sent per second afterwards, beside the live ones."
    )

    @field_validator("servers")
    @classmethod
    def _are_servers(cls, servers: list[str]) -> list[str]:
        for server in servers:
            try:
                parse_server(server)
            except UnsError as error:
                raise PydanticCustomError("server", "{fault}", {"fault": error.finding.what}) from error
        return servers


class ViolationSettings(_Section):
    """Kept violations and quarantined messages."""

    max_rows: int = Field(default=100_000, ge=1, description="Past it the oldest goes.")
    max_bytes: int = Field(default=268_435_456, ge=1_048_576, description="Of kept payloads; past it the oldest goes.")
    max_age_days: int = Field(default=90, ge=1, description="Older ones go, quarantined messages too.")
    max_groups: int = Field(
        default=10_000,
        ge=1,
        description="Groups of the inbox; past it muted and resolved ones go first, then the oldest.",
    )


class Settings(_Section):
    """The content of uns.yaml."""

    name: str = Field(default="", description="Name of this server, shown on the page and in /api/v1/info.")
    data: str = Field(default="data", description="Directory for history and state, relative to the plant directory.")
    mqtt: MqttSettings = MqttSettings()
    http: HttpSettings = HttpSettings()
    history: HistorySettings = HistorySettings()
    sparkplug: SparkplugSettings = SparkplugSettings()
    edge: EdgeSettings = EdgeSettings()
    violations: ViolationSettings = ViolationSettings()


Path = tuple[str, ...]


def setting_fields() -> Iterator[tuple[Path, FieldInfo]]:
    """(path, declaration) of every single setting, for example `("mqtt", "port")`."""
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            for inner, inner_field in section.model_fields.items():
                yield (name, inner), inner_field
        else:
            yield (name,), field


def variable(path: Path) -> str:
    """The environment variable of a setting: `UNS_MQTT_PORT`."""
    return "UNS_" + "_".join(path).upper()


def read_settings(document: Any, environ: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """Settings from the document of uns.yaml and the environment, and everything that is wrong with them.

    A wrong setting keeps its default. `where` of a finding is a JSON pointer into the document, or the name of the
    environment variable.
    """
    findings: list[Finding] = []
    stated: dict[str, Any] = {} if document is None else document
    try:
        settings = Settings.model_validate(stated)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        findings += [_finding(tuple(fault["loc"]), fault) for fault in faults]
        stated = _without(stated, [tuple(fault["loc"]) for fault in faults])
        settings = Settings.model_validate(stated)
    return _override(settings, environ, findings), findings


def _override(settings: Settings, environ: Mapping[str, str], findings: list[Finding]) -> Settings:
    values = settings.model_dump()
    for path, field in setting_fields():
        text = environ.get(variable(path))
        if not text:
            continue
        is_list = field.annotation == list[str]
        raw: Any = [part.strip() for part in text.split(",")] if is_list else text
        for name in reversed(path):
            raw = {name: raw}
        try:
            read = Settings.model_validate(raw) if is_list else Settings.model_validate_strings(raw, strict=False)
        except ValidationError as error:
            what = f"{variable(path)}='{text}': {error.errors()[0]['msg']}."
            findings.append(Finding(id="plant.environment", what=what, where=variable(path)))
            continue
        if len(path) == 1:
            values[path[0]] = getattr(read, path[0])
        else:
            values[path[0]][path[1]] = getattr(getattr(read, path[0]), path[1])
    return Settings.model_validate(values)


def _finding(where: tuple[int | str, ...], fault: Any) -> Finding:
    pointer = to_pointer(where)
    if fault["type"] == "extra_forbidden":
        known = _keys_beside(where)
        what = f"'{where[-1]}' is not a setting here (known: {', '.join(known)})."
        return Finding(id="plant.unknown_key", what=what, where=pointer, nearest=nearest(str(where[-1]), known))
    what = f"{'.'.join(map(str, where)) or 'uns.yaml'}: {fault['msg']}, found {fault['input']!r:.80}."
    kinds = ("_type", "_parsing", "model_attributes_type")
    return Finding(id="plant.type" if fault["type"].endswith(kinds) else "plant.value", what=what, where=pointer)


def _keys_beside(where: tuple[int | str, ...]) -> list[str]:
    if len(where) == 1:
        return list(Settings.model_fields)
    return [path[1] for path, _ in setting_fields() if len(path) == 2 and path[0] == where[0]]


def _without(document: Any, wrong: list[tuple[int | str, ...]]) -> dict[str, Any]:
    """The document without the settings that are wrong; a fault within a list takes the whole list out."""
    if not isinstance(document, dict):
        return {}
    heads = {where[0] for where in wrong if len(where) == 1}
    kept: dict[str, Any] = {}
    for key, value in document.items():
        below = {where[1] for where in wrong if len(where) > 1 and where[0] == key}
        if key in heads:
            continue
        kept[key] = {name: inner for name, inner in value.items() if name not in below} if below else value
    return kept


def reference() -> str:
    """The reference page of all settings, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Written in `uns.yaml` of the plant directory. The environment variable wins over the file,",
        "and an option of the command line wins over both.",
        "",
        "| setting | environment | default | bounds | meaning |",
        "|---|---|---|---|---|",
    ]
    for path, field in setting_fields():
        default = field.get_default(call_default_factory=True)
        shown = f"`{default}`" if default not in ("", []) else ""
        cells = [f"`{'.'.join(path)}`", f"`{variable(path)}`", shown, _bounds(field), field.description or ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _bounds(field: FieldInfo) -> str:
    low = next((item.ge for item in field.metadata if hasattr(item, "ge")), None)
    high = next((item.le for item in field.metadata if hasattr(item, "le")), None)
    if low is None:
        return ""
    return f"{low} or more" if high is None else f"{low} to {high}"


if __name__ == "__main__":
    sys.stdout.write(reference())
