"""What did a topic say in the past?"""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from uns.api.context import Ctx, Who, demand_topic
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOPIC, SampleModel
from uns.api.responses import json_response
from uns.api.routes.topics import demand_known
from uns.clock import Clock
from uns.errors import Finding, UnsError
from uns.fields import parse_duration
from uns.samples import encode_sample, format_timestamp, parse_timestamp

router = APIRouter(tags=["browse"], responses=ERRORS)
DEFAULT_LAST = "1h"


class History(BaseModel):
    """The recorded samples of a topic, oldest first."""

    topic: str = Field(examples=[TOPIC])
    unit: str | None = Field(examples=["Cel"])
    start: str = Field(alias="from", examples=[TIME])
    to: str = Field(examples=[TIME], description="The first moment that is not included any more.")
    agg: str | None = Field(examples=["avg:10s"])
    points: list[SampleModel] = Field(
        description="Aggregated points are stamped with the start of their bucket and carry its worst quality."
    )
    truncated: bool = Field(description="There are more after the last point.")
    next: str | None = Field(
        examples=[TIME], description="Truncated: the `from` of the request for what follows; else null."
    )


@router.get("/history/{topic:path}", response_model=History, responses=NOT_FOUND, summary="Recorded samples of a topic")
async def history(
    ctx: Ctx,
    who: Who,
    topic: str,
    last: Annotated[str | None, Query(description="How far back from now, instead of from.", examples=["10m"])] = None,
    start: Annotated[str | None, Query(alias="from", description="RFC 3339.", examples=[TIME])] = None,
    to: Annotated[str | None, Query(description="RFC 3339; now when left out.")] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
    agg: Annotated[
        str, Query(description="FUNCTION:WIDTH; avg, min, max, sum, count, first or last.", examples=["avg:10s"])
    ] = "",
) -> Response:
    """Raw samples, or one point per interval. Without a range: the last hour."""
    demand_topic(topic)
    ctx.demand_read(who, topic)
    if ctx.platform.history is None:
        raise UnsError(
            Finding(id="unknown.history", what="this server keeps no history.", hint="Set history in uns.yaml.")
        )
    start_ms, end_ms = read_range(last, start, to, ctx.platform.clock)
    series = await asyncio.to_thread(ctx.platform.history, topic, start_ms, end_ms, limit, agg)
    if not series.points:
        demand_known(ctx, topic)
    return json_response(
        {
            "topic": topic,
            "unit": _unit(ctx.platform.policy.namespace.describe(topic).attribute),
            "from": format_timestamp(start_ms),
            "to": format_timestamp(end_ms),
            "agg": agg or None,
            "points": [msgspec.Raw(encode_sample(sample)) for sample in series.points],
            "truncated": series.truncated,
            "next": None if series.next_ms is None else format_timestamp(series.next_ms),
        }
    )


def read_range(last: str | None, start: str | None, to: str | None, clock: Clock) -> tuple[int, int]:
    """[start, end) in milliseconds; the end of `now` includes this very millisecond. UnsError `request.*`."""
    if last is not None and start is not None:
        raise UnsError(_bad("range", "last", "'last' and 'from' exclude each other.", "Give one of them."))
    end_ms = clock.wall_ms() + 1 if to is None else _time("to", to)
    start_ms = max(0, end_ms - _duration(last or DEFAULT_LAST)) if start is None else _time("from", start)
    if start_ms >= end_ms:
        what = f"'from' ({format_timestamp(start_ms)}) is not before 'to' ({format_timestamp(end_ms)})."
        raise UnsError(_bad("range", "from", what, "Swap them, or leave 'to' out for now."))
    return start_ms, end_ms


def _time(name: str, text: str) -> int:
    try:
        moment_ms = parse_timestamp(text.replace(" ", "+"))  # an unescaped + of an offset arrives as a blank
    except ValueError as error:
        what = f"'{name}' is no RFC 3339 time: {error}."
        raise UnsError(_bad("time", name, what, f"Write for example {TIME}.")) from error
    return max(0, moment_ms)


def _duration(text: str) -> int:
    try:
        duration_ms: int = parse_duration(text)
    except ValueError as error:
        raise UnsError(_bad("duration", "last", f"{error}.", "Write for example 10m.")) from error
    return duration_ms


def _unit(attribute: Any) -> str | None:
    return (attribute.unit or None) if attribute is not None else None


def _bad(name: str, where: str, what: str, hint: str) -> Finding:
    return Finding(id=f"request.{name}", what=what, where=where, hint=hint)
