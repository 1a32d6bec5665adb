"""Which devices are connected, and how are they doing?"""

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from uns.api.context import Ctx, Who
from uns.api.models import ERRORS, TIME, FindingModel
from uns.api.responses import json_response
from uns.samples import format_timestamp
from uns.source_status import SourceState, SourceStatus

router = APIRouter(tags=["sources"], responses=ERRORS)


class SourceModel(BaseModel):
    """One connected device or server."""

    name: str = Field(examples=["line1"])
    adapter: str = Field(examples=["opcua"])
    endpoint: str = Field(examples=["opc.tcp://127.0.0.1:4840"])
    state: SourceState
    since: str = Field(description="When the state began.", examples=[TIME])
    finding: FindingModel | None = Field(description="What is wrong.")
    next_attempt: str | None = Field(description="When it connects again.")
    points: int = Field(description="Configured.")
    points_seen: int = Field(description="That have had a value.")
    points_missing: int = Field(description="That the device does not know.")
    rate_per_s: float
    last_value_at: str | None
    reconnects: int
    dropped: int = Field(description="Values lost before they reached the platform.")
    suppressed: int = Field(description="Values not reported, because they had not changed.")
    missing: list[FindingModel] = Field(description="Why points do not exist on the device.")
    edge: str = Field(description="Sparkplug group and edge node.", examples=["acme:ghent:packaging/line1"])


class Sources(BaseModel):
    """Every source, by name."""

    sources: list[SourceModel]


@router.get("/sources", response_model=Sources, summary="Connected devices and their state")
async def sources(ctx: Ctx, who: Who) -> Response:
    """State, finding, points and rate of each source."""
    return json_response({"sources": [_fields(status) for status in ctx.platform.sources.states()]})


def _fields(status: SourceStatus) -> dict[str, Any]:
    fields = msgspec.structs.asdict(status)
    since_ms, next_ms, last_ms = fields.pop("since_ms"), fields.pop("next_attempt_ms"), fields.pop("last_value_ms")
    return {
        **fields,
        "since": format_timestamp(since_ms),
        "next_attempt": None if next_ms is None else format_timestamp(next_ms),
        "last_value_at": None if last_ms is None else format_timestamp(last_ms),
    }
