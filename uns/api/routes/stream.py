"""How do values reach a page as they change?"""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from uns.api.context import Ctx, Who, demand_filter
from uns.api.models import ERRORS, UNAVAILABLE

router = APIRouter(tags=["browse"], responses=ERRORS | UNAVAILABLE)
MAX_FILTERS = 500

DESCRIPTION = """Server-sent events, values that are retained first.

* event `values`: a JSON array of `{"topic", "value", "quality", "timestamp"}`; a payload that is no sample has a null
  value and comes as text in `payload`, and a cleared topic is GoodNoData.
* event `refused`: `{"filters"}` that your role may not read: first of all with `skip_forbidden`, and later when a
  change of the access takes them away. A stream that is left without any ends.
* event `dropped`: `{"count"}` messages were shed because the client was too slow, the oldest first.
* a comment every 15 s keeps proxies from closing the line.

`curl -N 'http://localhost:8080/api/v1/stream?filter=acme/%23'`
"""


class EventStream(StreamingResponse):
    """A stream that leaves the broker at once when its client is gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


@router.get(
    "/stream",
    summary="Values as they change",
    description=DESCRIPTION,
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events."}},
)
async def stream(
    ctx: Ctx,
    who: Who,
    topic_filters: Annotated[
        list[str],
        Query(alias="filter", min_length=1, max_length=MAX_FILTERS, description="MQTT filter; may be repeated."),
    ],
    interval_ms: Annotated[
        int, Query(ge=0, le=60_000, description="Above 0: only the last value of each topic per interval.")
    ] = 0,
    skip_forbidden: Annotated[
        bool, Query(description="Leave out filters that your role may not read, instead of refusing the stream.")
    ] = False,
) -> Response:
    filters: list[str] = []
    refused: list[str] = []
    for topic_filter in topic_filters:
        demand_filter(topic_filter)
        if not skip_forbidden:
            ctx.demand_read(who, topic_filter)
        (filters if ctx.may_read(who, topic_filter) else refused).append(topic_filter)
    return EventStream(ctx.streams.open(filters, interval_ms, who, refused))
