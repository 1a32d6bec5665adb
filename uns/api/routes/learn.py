"""What would have to be declared for what is published on a branch? A proposal, which a person looks through."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who, demand_filter, demand_topic
from uns.api.described import model_of
from uns.api.models import ERRORS, TOO_LARGE
from uns.api.responses import json_response
from uns.api.routes.govern import CONFLICT
from uns.errors import Finding, UnsError
from uns.fields import parse_duration
from uns.policy.learn import LearnedAttribute, Told
from uns.policy.plan import FileChange

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE | CONFLICT)
MAX_FOR_MS = 600_000
"""A study holds its observations in memory, and its client waits."""


class LearnRequest(BaseModel):
    """Which topics, and when they were published. Without `last` and `for` only current values are looked at."""

    model_config = ConfigDict(extra="forbid")

    filter: str = Field(examples=["acme/_raw/#"], description="MQTT filter.")
    last: str | None = Field(None, examples=["24h"], description="What history recorded in this time.")
    for_: str | None = Field(None, alias="for", examples=["60s"], description="Listen for so long, at most 10m.")
    at: str = Field("", description="Where the fixed beginning of the filter belongs; empty is where it stands.")


class LearnedModelFields(BaseModel):
    """A new model. assets: what it was drawn from."""

    name: str
    attributes: list[model_of(LearnedAttribute)]  # type: ignore[valid-type]
    assets: list[str]


class LearnedVersionFields(BaseModel):
    """The next version of a model that is there, with attributes more. assets: those that get it."""

    base: str
    ref: str
    attributes: list[model_of(LearnedAttribute)]  # type: ignore[valid-type]
    assets: list[str]


class LearnedFields(BaseModel):
    """What was drawn from the traffic. entries: of the tree, each with `key`, `model`, `evidence` and `members`."""

    messages: int
    topics: int
    declared: int = Field(description="Topics that have a contract already.")
    models: list[LearnedModelFields]
    versions: list[LearnedVersionFields]
    entries: list[dict[str, Any]]
    told: list[model_of(Told)]  # type: ignore[valid-type]
    told_more: int
    left_out: dict[str, int] = Field(description="What did not fit into the bounds, by kind.")


class ProposalsFields(BaseModel):
    """What was learned, and what it would make of the plant files that run. Nothing is changed."""

    learned: LearnedFields
    origin: str
    files: dict[str, str] = Field(description="Files that are new or changed, by path.")
    changes: list[model_of(FileChange)]  # type: ignore[valid-type]


@router.post("/learn", response_model=ProposalsFields, summary="What do these topics need to be declared?")
async def learn(ctx: Ctx, who: Who, body: LearnRequest, request: Request) -> Response:
    """Equipment, models, types, units, limits, words and ages, drawn from history, current values and live traffic."""
    ctx.demand_govern(who)
    demand_filter(body.filter)
    ctx.demand_read(who, body.filter)
    if body.at:
        demand_topic(body.at)
    last_ms, for_ms = _duration_ms(body.last, "/last"), _duration_ms(body.for_, "/for")
    if for_ms is not None and for_ms > MAX_FOR_MS:
        what = f"'{body.for_}' is longer than the {MAX_FOR_MS // 60_000} minutes that a request may listen."
        raise UnsError(Finding(id="request.duration", what=what, where="/for", hint="Use 'last' for longer times."))
    study = ctx.platform.study
    if study is None:
        raise UnsError(Finding(id="unknown.governor", what="this server's files cannot be changed at run time."))
    found = await study.run(body.filter, at=body.at, last_ms=last_ms, for_ms=for_ms, is_gone=request.is_disconnected)
    return json_response(found)


def _duration_ms(text: str | None, where: str) -> int | None:
    if text is None:
        return None
    try:
        return int(parse_duration(text))
    except ValueError as error:
        hint = "Write for example 24h or 60s."
        raise UnsError(Finding(id="request.duration", what=f"{error}.", where=where, hint=hint)) from error
