"""Which Sparkplug edge nodes are there, how are they doing, and what can be asked of them?"""

import logging
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Context, Ctx, Who
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE
from uns.api.platform import SparkplugHost
from uns.api.recordings import fields, record
from uns.api.responses import json_response
from uns.errors import Finding, UnsError
from uns.samples import format_timestamp
from uns.sparkplug.events import NodeState
from uns.sparkplug.status import DeviceStatus, MetricStatus, NodeStatus
from uns.sparkplug.topic import NAMESPACE, MessageType, SparkplugTopic

router = APIRouter(tags=["sparkplug"], route_class=StrictRoute, responses=ERRORS)
log = logging.getLogger(__name__)


class SparkplugDevice(BaseModel):
    """A device of an edge node."""

    name: str = Field(examples=["filler"])
    online: bool
    since: str = Field(description="When it was born or died.", examples=[TIME])
    metrics: int


class SparkplugRebirths(BaseModel):
    """What the host asked of the node."""

    requests: int = Field(description="Sent since the start of the server.")
    unanswered: int = Field(description="Of these, since the last birth. Each doubles the time to the next.")
    cause: str = Field(description="Why the last one was sent.", examples=["message missing in the sequence"])


class SparkplugNode(BaseModel):
    """An edge node, as the host sees it."""

    group: str = Field(examples=["acme:ghent:packaging"])
    node: str = Field(examples=["line1"])
    state: NodeState
    since: str | None = Field(description="When it was born or died; null before its first birth.", examples=[TIME])
    bd_seq: int | None = Field(description="Of its session.")
    client: str = Field(description="The MQTT client that it is.")
    last_message: str | None = Field(examples=[TIME])
    metrics: int = Field(description="Of the node itself, as its birth has them.")
    devices: list[SparkplugDevice]
    templates: list[str] = Field(description="Defined in its birth.")
    counts: dict[str, int] = Field(
        description="Messages by type; `gaps` in the sequence; `ignored deaths`; `without seq`; `foreign`: of a second "
        "client, not read."
    )
    rebirths: SparkplugRebirths


class SparkplugNodes(BaseModel):
    """By group and node."""

    nodes: list[SparkplugNode]


class SparkplugMetric(BaseModel):
    """A metric as its birth announced it. Value, quality and timestamp are those last published on its topic."""

    device: str = Field(description="Empty for the node itself.")
    name: str = Field(examples=["temperature"])
    alias: int | None
    datatype: str = Field(examples=["Double"])
    unit: str
    topic: str | None = Field(description="Where it appears in the tree; null for what stays out of it.")
    template: str | None = Field(description="Of an instance of a template, whose members follow.")
    value: Any = None
    quality: str | None = None
    timestamp: str | None = Field(None, examples=[TIME])


class SparkplugNodeShown(SparkplugNode):
    """An edge node with everything that it was born with."""

    born: list[SparkplugMetric]


class RebirthAnswer(BaseModel):
    """What became of the request."""

    sent: bool = Field(description="False when the node was asked a moment ago: it is asked again when it may be.")


class SparkplugCommand(BaseModel):
    """What to write."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field("", max_length=65_535, description="Empty for a metric of the node itself.")
    metric: str = Field(max_length=65_535, examples=["speed/setpoint"])
    value: Any = Field(None, description="As JSON: a DateTime in RFC 3339, bytes in base64; null writes null.")


class CommandAnswer(BaseModel):
    """Where the command went. The device answers with a new value, if it takes it."""

    topic: str = Field(examples=["spBv1.0/acme:ghent:packaging/DCMD/line1/filler"])


class RecordingRequest(BaseModel):
    """How long, and from where on."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(10, gt=0, le=300)
    rebirth: bool = Field(False, description="Ask for the births first, so that the recording can be read by itself.")


class RecordedMessage(BaseModel):
    """One message as it came."""

    time: str = Field(examples=[TIME])
    topic: str = Field(examples=["spBv1.0/acme:ghent:packaging/DDATA/line1/filler"])
    client: str
    qos: int
    payload: str = Field(description="Base64.")


class SparkplugRecording(BaseModel):
    """Oldest first."""

    messages: list[RecordedMessage]
    full: bool = Field(description="There was no room for all.")


@router.get(
    "/sparkplug/nodes",
    response_model=SparkplugNodes,
    responses=NOT_FOUND,
    summary="Sparkplug edge nodes and their state",
)
async def nodes(ctx: Ctx, who: Who, state: NodeState | None = None) -> Response:
    """Every edge node heard since the start of the server."""
    found = sorted(_host(ctx).nodes(), key=lambda node: (node.group, node.node))
    return json_response({"nodes": [_fields(node) for node in found if state in (None, node.state)]})


@router.get(
    "/sparkplug/nodes/{group}/{node}",
    response_model=SparkplugNodeShown,
    responses=NOT_FOUND,
    summary="One edge node, with its metrics",
)
async def node(ctx: Ctx, who: Who, group: str, node: str) -> Response:
    """What it was born with, and where each metric appears. Values only of topics that you may read."""
    status, metrics = _host(ctx).node(group, node)
    born = [_metric(each, each.topic is not None and ctx.may_read(who, each.topic)) for each in metrics]
    return json_response({**_fields(status), "born": born})


@router.post(
    "/sparkplug/nodes/{group}/{node}/rebirth",
    response_model=RebirthAnswer,
    responses=NOT_FOUND,
    summary="Ask an edge node for its births",
)
async def rebirth(ctx: Ctx, who: Who, group: str, node: str) -> Response:
    """`Node Control/Rebirth`. Takes the right to publish on the NCMD topic of the node."""
    host = _host(ctx)
    _demand_command(ctx, who, SparkplugTopic(group, MessageType.NCMD, node))
    sent = host.request_rebirth(group, node)
    log.info("%s asked edge node %s for its births", ascii(who.user), ascii(f"{group}/{node}"))
    return json_response({"sent": sent})


@router.post(
    "/sparkplug/nodes/{group}/{node}/commands",
    response_model=CommandAnswer,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Write a metric of an edge node",
)
async def command(ctx: Ctx, who: Who, group: str, node: str, request: SparkplugCommand) -> Response:
    """NCMD or DCMD with the datatype of the birth. Takes the right to publish on that topic."""
    kind = MessageType.DCMD if request.device else MessageType.NCMD
    topic = SparkplugTopic(group, kind, node, request.device)
    host = _host(ctx)
    _demand_command(ctx, who, topic)
    host.command_metric(group, node, request.device, request.metric, request.value)
    log.info("%s wrote %s of edge node %s", ascii(who.user), ascii(request.metric), ascii(f"{group}/{node}"))
    return json_response({"topic": str(topic)})


@router.post(
    "/sparkplug/nodes/{group}/{node}/recording",
    response_model=SparkplugRecording,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Record what an edge node sends",
)
async def recording(ctx: Ctx, who: Who, group: str, node: str, wanted: RecordingRequest, request: Request) -> Response:
    """Answers when the time is over, or 10,000 messages or 4 MiB are there. Takes the right to subscribe to them."""
    host = _host(ctx)
    topic = SparkplugTopic(group, MessageType.NCMD, node)
    ctx.demand_read(who, f"{NAMESPACE}/{group}/+/{node}/#")
    if wanted.rebirth:
        _demand_command(ctx, who, topic)
    host.node(group, node)

    def begun() -> None:
        if wanted.rebirth:
            host.request_rebirth(group, node)

    found = await record(
        ctx.platform.broker, f"{NAMESPACE}/{group}/+/{node}/#", wanted.seconds, begun, request.is_disconnected
    )
    return json_response({"messages": [fields(message) for message in found.messages], "full": found.full})


def _host(ctx: Context) -> SparkplugHost:
    host = ctx.platform.sparkplug
    if host is None:
        raise UnsError(Finding(id="unknown.host", what="this server runs no Sparkplug host application."))
    return host


def _demand_command(ctx: Context, who: Any, topic: SparkplugTopic) -> None:
    """Raises UnsError (`access.publish`): a command over HTTP takes the same right as one over MQTT."""
    finding = ctx.platform.policy.rule(str(topic)).access_finding(who.role)
    if finding is not None:
        raise UnsError(finding)


def _fields(status: NodeStatus) -> dict[str, Any]:
    return {
        "group": status.group,
        "node": status.node,
        "state": status.state.value,
        "since": _time(status.since_ms),
        "bd_seq": status.bd_seq,
        "client": status.client,
        "last_message": _time(status.heard_ms),
        "metrics": status.metrics,
        "devices": [_device(device) for device in status.devices],
        "templates": status.templates,
        "counts": status.counts,
        "rebirths": {
            "requests": status.rebirth_requests,
            "unanswered": status.rebirth_unanswered,
            "cause": status.rebirth_cause,
        },
    }


def _device(device: DeviceStatus) -> dict[str, Any]:
    return {
        "name": device.name,
        "online": device.online,
        "since": format_timestamp(device.since_ms),
        "metrics": device.metrics,
    }


def _metric(metric: MetricStatus, readable: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "device": metric.device,
        "name": metric.name,
        "alias": metric.alias,
        "datatype": metric.datatype,
        "unit": metric.unit,
        "topic": metric.topic,
        "template": metric.ref,
        "value": None,
        "quality": None,
        "timestamp": None,
    }
    sample = metric.sample
    if sample is not None and readable:
        fields |= {
            "value": sample.value,
            "quality": sample.quality.value,
            "timestamp": format_timestamp(sample.timestamp_ms),
        }
    return fields


def _time(time_ms: int | None) -> str | None:
    return None if time_ms is None else format_timestamp(time_ms)
