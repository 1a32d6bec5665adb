"""Which rules decide about a topic, and why?"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from uns.api.context import Ctx, Who, demand_topic
from uns.api.describe import ExplanationModel, explanation_fields
from uns.api.models import ERRORS, TOPIC
from uns.api.responses import json_response
from uns.policy.explain import explain

router = APIRouter(tags=["govern"], responses=ERRORS)


@router.get("/explain", response_model=ExplanationModel, summary="Why a topic gets the verdict it gets")
async def explain_topic(
    ctx: Ctx,
    who: Who,
    topic: Annotated[str, Query(examples=[TOPIC])],
    role: Annotated[str | None, Query(description="Judge access for this role too.")] = None,
) -> Response:
    """Every rule of hierarchy, open branches, contract and access, whether it applied, and why."""
    demand_topic(topic)
    return json_response(
        explanation_fields(explain(ctx.platform.policy, topic, None, role, ctx.platform.clock.wall_ms()))
    )
