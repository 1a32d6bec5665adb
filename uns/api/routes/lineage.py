"""Where does this topic come from, what lets it in, and where does it go?"""

import asyncio

from fastapi import APIRouter, Response

from uns.api.context import Ctx, Who, demand_topic
from uns.api.described import model_of
from uns.api.lineage import Lineage, lineage
from uns.api.models import ERRORS, NOT_FOUND
from uns.api.platform import ViolationReader, ViolationRecord
from uns.api.responses import json_response
from uns.api.routes.topics import demand_known

router = APIRouter(tags=["govern"], responses=ERRORS)


@router.get(
    "/lineage/{topic:path}",
    response_model=model_of(Lineage),
    responses=NOT_FOUND,
    summary="Where a topic comes from and goes",
)
async def topic_lineage(ctx: Ctx, who: Who, topic: str) -> Response:
    """Device, adapter, Sparkplug ids, rule and contract with file and line, rate, last error, history, subscribers."""
    demand_topic(topic)
    ctx.demand_read(who, topic)
    demand_known(ctx, topic)
    platform = ctx.platform
    store, current = platform.violations, platform.broker.current(topic)
    violation = None if store is None else await asyncio.to_thread(_latest, store, topic, platform.clock.wall_ms())
    rate = ctx.rates.look(topic, current.updates if current else 0, platform.clock.monotonic_ms())
    return json_response(lineage(platform, topic, rate, violation))


def _latest(store: ViolationReader, topic: str, now_ms: int) -> ViolationRecord | None:
    return next(iter(store.list(1, topic_filter=topic, now_ms=now_ms).violations), None)
