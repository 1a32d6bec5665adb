"""How does a program without MQTT publish? Through the same door as everybody."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who, demand_topic
from uns.api.errors import error_response
from uns.api.models import ERRORS, TOO_LARGE, VerdictModel
from uns.api.offers import Offer
from uns.api.responses import json_response
from uns.errors import Finding, UnsError
from uns.link import Message

router = APIRouter(tags=["publish"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE)


class PublishOffer(Offer):
    """What to publish; one of `value`, `payload` and `payload_text` is needed. An empty text clears the topic."""

    qos: Literal[0, 1, 2] = 0
    retain: bool | None = Field(None, description="True for a declared attribute and false else when left out.")


@router.post("/publish", response_model=VerdictModel, summary="Publish a message")
async def publish(ctx: Ctx, who: Who, offer: PublishOffer, request: Request) -> Response:
    """Judged like an MQTT publish. A message that is refused or quarantined answers with its finding (403 or 422)."""
    demand_topic(offer.topic)
    platform = ctx.platform
    payload = offer.encoded(platform.clock)
    if payload is None:
        raise UnsError(
            Finding(
                id="request.missing",
                what="there is nothing to publish.",
                where="/value",
                hint="Give value, payload or payload_text.",
            )
        )
    retain = offer.retain
    if retain is None:
        retain = platform.policy.namespace.describe(offer.topic).attribute is not None
    message = Message(offer.topic, payload, offer.qos, retain, publisher=f"http:{who.user}")
    address = f"{request.client.host}:{request.client.port}" if request.client else "http"
    verdict = platform.broker.publish(message, who.role, address)
    if not verdict.delivered and verdict.finding is not None:
        return error_response(verdict.finding)
    return json_response({"topic": offer.topic, "outcome": verdict.outcome, "finding": verdict.finding})
