"""How does a program without MQTT publish? Through the same door as everybody."""

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who, demand_topic
from uns.api.errors import error_response
from uns.api.models import ERRORS, TOO_LARGE, RefusedModel, VerdictModel
from uns.api.offers import Offer
from uns.api.responses import json_response
from uns.broker import Broker
from uns.errors import Finding, UnsError
from uns.link import Message

router = APIRouter(tags=["publish"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE)
REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"model": RefusedModel, "description": "The role may not publish here (`access.*`)."},
    422: {"model": RefusedModel, "description": "Refused or kept in quarantine, or the request is not understood."},
    429: {"model": RefusedModel, "description": "Too much (`quota.*`)."},
    503: {"model": RefusedModel, "description": "The disk does not take what must be kept (`storage.*`)."},
}


class PublishOffer(Offer):
    """What to publish; one of `value`, `payload` and `payload_text` is needed. An empty text clears the topic."""

    qos: Literal[0, 1, 2] = Field(1, description="At 1 and 2 the answer comes when the message is kept for good.")
    retain: bool | None = Field(None, description="True for a declared attribute and false else when left out.")


async def _kept(broker: Broker) -> Finding | None:
    """Wait until the message just published is on disk; why it is not, when the disk refuses."""
    answer: asyncio.Future[Finding | None] = asyncio.get_running_loop().create_future()
    broker.when_kept(lambda finding: None if answer.done() else answer.set_result(finding))
    return await answer


@router.post("/publish", response_model=VerdictModel, responses=REFUSED, summary="Publish a message")
async def publish(ctx: Ctx, who: Who, offer: PublishOffer, request: Request) -> Response:
    """Judged like an MQTT publish. A message that is not delivered answers with its finding (403 or 422) and outcome:
    `rejected`, or `quarantined` when it is kept back."""
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
        return error_response(verdict.finding, outcome=verdict.outcome)
    unkept = await _kept(platform.broker)
    if unkept is not None:
        return error_response(unkept, outcome=verdict.outcome)
    return json_response({"topic": offer.topic, "outcome": verdict.outcome, "finding": verdict.finding})
