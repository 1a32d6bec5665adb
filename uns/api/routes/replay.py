"""How do messages that quarantine holds come back into the plant?"""

from typing import Self

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who, demand_filter
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE, FindingModel
from uns.api.responses import json_response
from uns.api.routes.inbox import demand_group, read_time
from uns.policy.inbox import Wanted

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE)
_CHOICES = ("group", "ids", "topic", "finding", "client", "start", "end")


class ReplayRequest(BaseModel):
    """Which held messages: those for which all that is given holds."""

    model_config = ConfigDict(extra="forbid")

    group: int | None = Field(None, ge=0, le=2**63 - 1, description="Number of a group.")
    ids: list[int] | None = Field(None, max_length=1000, description="Numbers of violations.")
    topic: str | None = Field(None, description="MQTT filter.")
    finding: str | None = Field(None, description="Id or family of what they were refused for.")
    client: str | None = Field(None, description="Client id.")
    start: str | None = Field(None, description="Refused at this time or later.", examples=[TIME])
    end: str | None = Field(None, description="Refused before this time.", examples=[TIME])
    after: int = Field(0, ge=0, le=2**63 - 1, description="`next` of the answer before.")
    limit: int = Field(1000, ge=1, le=10_000, description="At most so many are looked at.")
    dry_run: bool = Field(False, description="Judge them, and change nothing.")

    @model_validator(mode="after")
    def _choose(self) -> Self:
        if all(getattr(self, name) is None for name in _CHOICES):
            raise ValueError(f"choose what to replay by one of {', '.join(_CHOICES)}; topic # is everything")
        return self


class RefusedAgainModel(BaseModel):
    """A held message that is not let in now either."""

    id: int
    topic: str
    finding: FindingModel


class ReplayReport(BaseModel):
    """What became of the messages; of a dry run, what would become of them."""

    dry_run: bool
    delivered: int = Field(description="Published, and current again.")
    history: int = Field(description="Older than the current value, or expired: into history only.")
    outdated: int = Field(description="The like, with nothing that history could record.")
    expired: int = Field(description="Of these two, those whose Message Expiry Interval was over.")
    refused: int = Field(description="Refused again, and held as before.")
    by_finding: dict[str, int] = Field(description="How many are refused for what.")
    refusals: list[RefusedAgainModel] = Field(description="The first of them.")
    next: int | None = Field(description="`after` of the next request; null when nothing is left.")


@router.post(
    "/violations/replay", response_model=ReplayReport, responses=NOT_FOUND, summary="Replay what quarantine holds"
)
async def replay(ctx: Ctx, who: Who, request: ReplayRequest) -> Response:
    """Each message is judged by the rules of now with its publisher's role, in the order in which they came, counts as
    of the time when it came first, and is published at most once. Takes a role that governs."""
    ctx.demand_govern(who)
    if request.topic is not None:
        demand_filter(request.topic)
    if request.group is not None:
        await demand_group(ctx, request.group)
    wanted = Wanted(
        group=request.group,
        ids=None if request.ids is None else tuple(request.ids),
        topic_filter=request.topic,
        finding=request.finding,
        client_id=request.client,
        from_ms=None if request.start is None else read_time("/start", request.start),
        to_ms=None if request.end is None else read_time("/end", request.end),
    )
    report = await ctx.platform.replays.run(
        wanted, who.user, after=request.after, limit=request.limit, dry_run=request.dry_run
    )
    return json_response(msgspec.structs.asdict(report))
