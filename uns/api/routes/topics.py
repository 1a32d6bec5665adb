"""Everything about one topic: value, contract, source, publisher, and what was refused last."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from uns.api.context import Context, Ctx, Who, demand_topic
from uns.api.describe import AttributeModel, attribute_fields
from uns.api.lineage import source_of
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOPIC, FindingModel, ModeName, SampleModel
from uns.api.responses import json_response
from uns.api.values import has_value, live_value, payload_document
from uns.broker import Current
from uns.errors import Finding, UnsError
from uns.policy.namespace import Kind
from uns.samples import format_timestamp

router = APIRouter(tags=["browse"], responses=ERRORS)


class TopicSourceModel(BaseModel):
    """Where the values come from. Name to state are null when no source of this server feeds the metric."""

    name: str | None = Field(examples=["line1"])
    adapter: str | None = Field(examples=["opcua"])
    endpoint: str | None = Field(examples=["opc.tcp://127.0.0.1:4840"])
    address: Any = Field(examples=[{"node": "ns=2;s=line1.filler.temperature"}])
    state: str | None = Field(examples=["running"])
    group: str = Field(description="Sparkplug group id.", examples=["acme:ghent:packaging"])
    node: str = Field(description="Sparkplug edge node id.", examples=["line1"])
    device: str = Field(examples=["filler"])
    metric: str = Field(examples=["temperature"])


class PublisherModel(BaseModel):
    """Who published the current value."""

    client_id: str
    role: str
    address: str
    protocol: str = Field(examples=["MQTT 5.0"])


class TopicDetail(SampleModel):
    """One topic with everything that is known about it."""

    topic: str = Field(examples=[TOPIC])
    age_ms: int | None = Field(description="Since the source time.")
    stale: bool = Field(description="Has max_age passed since the platform last heard the value?")
    payload: Any = Field(description="The last payload as JSON value, or as text; null when there is none.")
    payload_bytes: int
    retained: bool
    received_at: str | None = Field(examples=[TIME])
    updates: int = Field(description="Messages taken since the server started.")
    levels: dict[str, str] = Field(examples=[{"enterprise": "acme", "site": "ghent"}])
    attribute: AttributeModel | None
    model: str | None = Field(examples=["filler@2"])
    owner: str | None
    description: str | None
    classification: list[str] = Field(description="The nearest stated one.", examples=[["internal"]])
    tags: list[str] = Field(description="Of the asset and all levels above it.")
    mode: ModeName
    open: bool = Field(description="On an open branch: judged by no contract.")
    source: TopicSourceModel | None
    publisher: PublisherModel | None
    subscribers: int
    finding: FindingModel | None = Field(description="Why the last refused message here was refused.")


@router.get(
    "/topics/{topic:path}", response_model=TopicDetail, responses=NOT_FOUND, summary="Everything about one topic"
)
async def topic_detail(ctx: Ctx, who: Who, topic: str) -> Response:
    """Value, contract, owner, source and last publisher. A declared topic never seen answers GoodNoData."""
    demand_topic(topic)
    ctx.demand_read(who, topic)
    demand_known(ctx, topic)
    return json_response(_detail(ctx, topic))


def demand_known(ctx: Context, topic: str) -> None:
    """Raises UnsError (`unknown.topic`, with the nearest) for a topic neither declared nor seen."""
    platform = ctx.platform
    if platform.policy.namespace.describe(topic).kind is not Kind.TOPIC:
        return
    current = platform.broker.current(topic)
    if current is not None and (current.updates or current.retained):
        return
    wrong = platform.policy.rule(topic).topic_finding
    raise UnsError(
        Finding(
            id="unknown.topic",
            what=f"'{topic[:120]}' is not declared and nothing was published there.",
            where=wrong.where if wrong else "",
            hint="Search with /api/v1/search?q=, or look at the level above with /api/v1/tree?path=.",
            nearest=wrong.nearest if wrong else "",
        )
    )


def _detail(ctx: Context, topic: str) -> dict[str, Any]:
    platform = ctx.platform
    described = platform.policy.namespace.describe(topic)
    current = platform.broker.current(topic)
    attribute = described.attribute
    value = live_value(current, attribute.max_age_ms if attribute else None, platform.clock)
    now_ms = platform.clock.wall_ms()
    return {
        "topic": topic,
        "value": value.value,
        "quality": value.quality,
        "timestamp": value.timestamp,
        "age_ms": None if value.timestamp_ms is None else now_ms - value.timestamp_ms,
        "stale": value.stale,
        **_message(ctx, current),
        "levels": described.levels,
        "attribute": attribute_fields(attribute),
        "model": described.model_ref or None,
        "owner": described.owner or None,
        "description": described.description or None,
        "classification": described.classification,
        "tags": described.tags,
        "mode": described.mode,
        "open": described.open,
        "source": source_of(platform, topic),
        "subscribers": platform.broker.subscriber_count(topic),
        "finding": current.refused if current else None,
    }


def _message(ctx: Context, current: Current | None) -> dict[str, Any]:
    """What is known of the last message itself."""
    if current is None or not has_value(current):
        return {
            "payload": None,
            "payload_bytes": 0,
            "retained": False,
            "received_at": None,
            "updates": current.updates if current else 0,
            "publisher": None,
        }
    expired = current.expires_ms is not None and current.expires_ms <= ctx.platform.clock.monotonic_ms()
    return {
        "payload": payload_document(current.payload),
        "payload_bytes": len(current.payload),
        "retained": current.retained is not None and not expired,
        "received_at": format_timestamp(current.received_ms),
        "updates": current.updates,
        "publisher": current.publisher,
    }
