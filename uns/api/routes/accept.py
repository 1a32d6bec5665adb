"""What would the plant files be if a group of violations were accepted, and let them be so?"""

import asyncio

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Context, Ctx, Who
from uns.api.described import model_of
from uns.api.models import ERRORS, NOT_FOUND, TOO_LARGE
from uns.api.responses import json_response
from uns.api.routes.govern import CONFLICT, RevisionFields, demand_governor, revision_fields
from uns.api.routes.inbox import SAMPLES, GroupModel, ProposalModel, demand_group, group_fields, proposals_of
from uns.api.routes.models import TrialModel, trial_fields
from uns.api.routes.violations import store_of
from uns.errors import Finding, UnsError
from uns.policy.inbox import Act, Group
from uns.policy.plan import FileChange, Plan
from uns.policy.propose import Proposal
from uns.policy.violation import Violation

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE | CONFLICT | NOT_FOUND)
JUDGED = 1000
"""Kept messages that the preview judges, the latest."""


class AcceptRequest(BaseModel):
    """Which of the proposals, and whether it is done or only shown."""

    model_config = ConfigDict(extra="forbid")

    proposal: int = Field(1, ge=1, description="Its place in `proposals` of the group, counted from 1.")
    sentence: str = Field("", description="Of the proposal that you were shown; 409 when it is another by now.")
    dry_run: bool = Field(True, description="Change nothing; answer the diff and the plan.")
    why: str = Field("", max_length=2000, description="Kept with the revision and in the journal of the group.")


class Accepted(BaseModel):
    """What the proposal changes. revision: that runs because of it; null when nothing was done."""

    proposal: ProposalModel
    changes: list[model_of(FileChange)] = Field(  # type: ignore[valid-type]
        description="What differs in each plant file; a new version of a model is compared with the one it follows."
    )
    plan: model_of(Plan)  # type: ignore[valid-type]
    kept: TrialModel = Field(description="What the rules would then say to the latest kept messages of the group.")
    revision: RevisionFields | None
    group: GroupModel


@router.post(
    "/violations/groups/{group_id}/accept",
    response_model=Accepted,
    summary="Let the plant files take such messages",
)
async def accept(ctx: Ctx, who: Who, group_id: int, request: AcceptRequest) -> Response:
    """Carries out one proposal of a group: a new version of a model, new equipment, or another name of a topic. It is
    applied as any change of the files is, as a revision that can be reverted, and the group is resolved. What
    quarantine holds of it waits for a replay. Takes a role that governs."""
    governor = demand_governor(ctx, who)
    group = await demand_group(ctx, group_id)
    kept = [each for each in await asyncio.to_thread(_kept, ctx, group_id) if ctx.may_read(who, each.topic)]
    proposal = _chosen(await proposals_of(ctx, who, group, kept[:SAMPLES]), request)
    base = governor.number  # before the files are read: what is applied meanwhile must not be undone
    files, changes = await asyncio.to_thread(governor.carried_out, proposal, _why(request, group))
    plan, trial = await governor.try_out(files, kept)
    revision = None
    if not request.dry_run:
        revision, plan = await governor.apply(files, who.user, _why(request, group), base)
        note = f"revision {revision.number}: {proposal.sentence}"
        now_ms = ctx.platform.clock.wall_ms()
        resolved = await asyncio.to_thread(
            ctx.platform.inbox.act, group_id, Act.RESOLVE, who.user, now_ms, note=note[:2000]
        )
        group = resolved or group
    return json_response(
        {
            "proposal": proposal,
            "changes": changes,
            "plan": plan,
            "kept": trial_fields(trial),
            "revision": None if revision is None else revision_fields(revision),
            "group": group_fields(ctx, who, group),
        }
    )


def _kept(ctx: Context, group_id: int) -> list[Violation]:
    return [each.violation for each in store_of(ctx).list(JUDGED, group=group_id).violations]


def _chosen(proposals: list[Proposal], request: AcceptRequest) -> Proposal:
    """Raises UnsError: `unknown.proposal`, `govern.stale`."""
    if request.proposal > len(proposals):
        what = f"the group has no proposal {request.proposal}: {len(proposals) or 'none'} would take its messages."
        hint = "Only its publisher can mend it, or you may not read its topic." if not proposals else ""
        raise UnsError(Finding(id="unknown.proposal", what=what, where="/proposal", hint=hint))
    chosen = proposals[request.proposal - 1]
    if request.sentence and request.sentence != chosen.sentence:
        what = f"proposal {request.proposal} is another by now: {chosen.sentence}"
        raise UnsError(Finding(id="govern.stale", what=what, hint="Look at the group again, and choose."))
    return chosen


def _why(request: AcceptRequest, group: Group) -> str:
    told = f"violations {group.id}: {group.finding_id} from {group.client_id}"
    return f"{request.why} ({told})" if request.why else f"For {told}"
