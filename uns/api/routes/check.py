"""What would this topic and payload get?"""

from fastapi import APIRouter, Response
from pydantic import Field

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who, demand_topic
from uns.api.describe import ExplanationModel, explanation_fields
from uns.api.models import ERRORS, TOO_LARGE, VerdictModel
from uns.api.offers import Offer
from uns.api.responses import json_response
from uns.policy.explain import explain

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE)


class CheckOffer(Offer):
    """What to judge. Without a payload, the topic alone is judged."""

    role: str | None = Field(None, description="Whose right to publish is judged; yours when left out.")


class Checked(VerdictModel):
    """The verdict, and every rule that led to it."""

    explanation: ExplanationModel


@router.post("/check", response_model=Checked, summary="Judge a message without publishing it")
async def check(ctx: Ctx, who: Who, offer: CheckOffer) -> Response:
    """Access, hierarchy and contract, exactly as at the door. Nothing is published, counted or recorded."""
    demand_topic(offer.topic)
    payload = offer.encoded(ctx.platform.clock) or None  # an empty payload clears a topic and meets no contract
    role = offer.role or who.role
    explanation = explain(ctx.platform.policy, offer.topic, payload, role, ctx.platform.clock.wall_ms())
    verdict = explanation.verdict if payload is None else ctx.platform.broker.check(offer.topic, payload, role)
    return json_response(
        {
            "topic": offer.topic,
            "outcome": verdict.outcome,
            "finding": verdict.finding,
            "explanation": explanation_fields(explanation),
        }
    )
