"""What was refused, from whom, and why?"""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from uns.api.context import Context, Ctx, Who, demand_filter
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOPIC, FindingModel, ModeName, OutcomeName
from uns.api.platform import ViolationPage, ViolationReader, ViolationRecord
from uns.api.responses import json_response
from uns.api.values import payload_text
from uns.errors import Finding, UnsError
from uns.policy.catalog import CATALOG
from uns.samples import format_timestamp

router = APIRouter(tags=["govern"], responses=ERRORS)
SHOWN_BYTES = 2048
ReplayName = Literal["under way", "delivered", "history", "outdated", "interrupted"]


class ViolationModel(BaseModel):
    """One message that broke a rule."""

    id: int
    time: str = Field(examples=[TIME])
    topic: str = Field(examples=[TOPIC])
    outcome: OutcomeName
    mode: ModeName | None
    finding: FindingModel = Field(description="Quotes values; only its kind when you may not read the topic.")
    client_id: str
    role: str
    address: str
    payload: str | None = Field(description="Text, cut at 2 KiB; null when you may not read the topic.")
    payload_bytes: int
    qos: int
    retain: bool
    group: int | None = Field(description="Number of its group.")
    replay: ReplayName | None = Field(description="How the replay of a held message ended; null while it is held.")
    replayed: str | None = Field(description="When.", examples=[None])


class Violations(BaseModel):
    """Violations, newest first."""

    violations: list[ViolationModel]
    total: int = Field(description="How many are stored.")
    shed: int = Field(description="How many were lost because the store was full.")
    next: int | None = Field(description="`before` of the next page; null at the end.")


@router.get("/violations", response_model=Violations, responses=NOT_FOUND, summary="Messages that broke a rule")
async def violations(
    ctx: Ctx,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="`next` of the page before.")] = None,
    topic: Annotated[str | None, Query(description="MQTT filter.", examples=["acme/#"])] = None,
    finding: Annotated[str | None, Query(description="Id or family.", examples=["payload.range"])] = None,
    client: Annotated[str | None, Query(description="Client id.")] = None,
    group: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Number of a group, also a muted one.")] = None,
) -> Response:
    """Who published what where, why it was refused or recorded, and what would have been right. Those of muted groups
    are left out."""
    if topic is not None:
        demand_filter(topic)
    store = store_of(ctx)
    now_ms = ctx.platform.clock.wall_ms()
    page, total, shed = await asyncio.to_thread(_read, store, limit, before, topic, finding, client, group, now_ms)
    listed = [fields_of(record, ctx.may_read(who, record.violation.topic)) for record in page.violations]
    return json_response({"violations": listed, "total": total, "shed": shed, "next": page.next})


def store_of(ctx: Context) -> ViolationReader:
    """Raises UnsError (`unknown.violations`) when there is none."""
    store = ctx.platform.violations
    if store is None:
        raise UnsError(Finding(id="unknown.violations", what="this server keeps no violations.", hint="See uns.yaml."))
    return store


def _read(
    store: ViolationReader,
    limit: int,
    before: int | None,
    topic: str | None,
    finding: str | None,
    client: str | None,
    group: int | None,
    now_ms: int,
) -> tuple[ViolationPage, int, int]:
    page = store.list(
        limit, before=before, topic_filter=topic, finding=finding, client_id=client, group=group, now_ms=now_ms
    )
    status = store.status()
    return page, store.count(), status.shed + status.dropped


def withheld(finding: Finding) -> Finding:
    """What may be told of a finding without quoting the payload."""
    return Finding(id=finding.id, what=CATALOG.get(finding.id, "The message broke a rule."))


def fields_of(record: ViolationRecord, readable: bool) -> dict[str, Any]:
    violation = record.violation
    finding = violation.verdict.finding
    return {
        "id": record.id,
        "time": format_timestamp(violation.time_ms),
        "topic": violation.topic,
        "outcome": violation.verdict.outcome,
        "mode": violation.mode,
        "finding": finding if readable or finding is None else withheld(finding),
        "client_id": violation.client_id,
        "role": violation.role,
        "address": violation.address,
        "payload": payload_text(violation.payload, SHOWN_BYTES) if readable else None,
        "payload_bytes": len(violation.payload),
        "qos": violation.qos,
        "retain": violation.retain,
        "group": record.group,
        "replay": record.replay,
        "replayed": None if record.replayed_ms is None else format_timestamp(record.replayed_ms),
    }
