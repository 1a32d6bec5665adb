"""What would other plant files change, and how do they take over? Plan, apply, export, drift, revisions."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Context, Ctx, Who
from uns.api.described import model_of
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE, ErrorModel, ModeName
from uns.api.platform import Governor
from uns.api.responses import json_response
from uns.errors import Finding, UnsError
from uns.fields import parse_duration
from uns.policy.plan import FileChange, Plan, Revision
from uns.policy.verdict import Mode
from uns.samples import format_timestamp

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorModel, "description": "Something else runs by now, or lies in the directory (`govern.*`)."}
}
router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS | TOO_LARGE)
LARGE_PATHS = ("/api/v1/plan", "/api/v1/apply")
MAX_FILES_BYTES = 64 * 1024 * 1024
"""A plant of ten thousand assets has some megabytes."""


class Files(BaseModel):
    """Plant files by path, as text: the whole plant, `uns.yaml` left out."""

    files: dict[str, str] = Field(examples=[{"namespace.yaml": "tree: {acme: {}}\n"}])


class PlanRequest(Files):
    """What to look at."""

    since: str | None = Field(None, examples=["24h"], description="Judge what was published in this time too.")


class WhatIfRequest(BaseModel):
    """Which branches, and how strict they would be."""

    modes: dict[str, ModeName] = Field(
        examples=[{"acme/ghent": "reject"}], description="By path; the empty path is the default of the namespace."
    )
    since: str = Field("24h", description="Judge what was published in this time.")


class ApplyRequest(Files):
    """What to apply, and why."""

    why: str = Field("", max_length=2000, description="Kept with the revision.")
    base: int | None = Field(None, description="The revision that the plan was made against; 409 when it has passed.")
    force: bool = Field(False, description="Also over files that were edited in the server's directory.")


class RevertRequest(BaseModel):
    """Why an earlier revision is wanted again."""

    why: str = Field("", max_length=2000)
    force: bool = False


class RevisionFields(BaseModel):
    """A set of plant files that ran."""

    number: int
    time: str = Field(examples=[TIME])
    who: str
    why: str
    files: dict[str, str] = Field(description="What differs from the one before: `added`, `changed` or `removed`.")


class Applied(BaseModel):
    """The revision that runs now, and what it changed; the one that ran already when there was nothing to change."""

    revision: RevisionFields
    plan: model_of(Plan)  # type: ignore[valid-type]


class Exported(Files):
    """What runs, as files."""

    revision: int


class Drift(BaseModel):
    """What somebody has edited in the plant directory since it was read or applied."""

    revision: int
    files: list[model_of(FileChange)]  # type: ignore[valid-type]


class Revisions(BaseModel):
    """Newest first."""

    running: int
    revisions: list[RevisionFields]
    next: int | None = Field(description="`before` of the next page; null at the end.")


class WholeRevision(Files):
    """A revision with its files and their differences from the one before."""

    revision: RevisionFields
    changes: list[model_of(FileChange)]  # type: ignore[valid-type]


@router.post("/plan", response_model=model_of(Plan), summary="What would these files change?")
async def plan(ctx: Ctx, who: Who, request: PlanRequest) -> Response:
    """Topics, models, access and sources that differ, whom it touches now, and what of the past would be judged
    otherwise. Nothing is changed."""
    governor = demand_governor(ctx, who)
    since_ms = None if request.since is None else ctx.platform.clock.wall_ms() - _duration_ms(request.since)
    return json_response(await governor.plan(_contents(request.files), since_ms))


@router.post("/whatif", response_model=model_of(Plan), responses=NOT_FOUND, summary="What if branches were stricter?")
async def what_if(ctx: Ctx, who: Who, request: WhatIfRequest) -> Response:
    """Whom it would touch now, and which messages of the past it would have refused, by finding, client and topic."""
    governor = demand_governor(ctx, who)
    since_ms = ctx.platform.clock.wall_ms() - _duration_ms(request.since)
    modes = {path: Mode(mode) for path, mode in request.modes.items()}
    return json_response(await governor.what_if(modes, since_ms))


@router.post("/apply", response_model=Applied, responses=CONFLICT, summary="Let these files take over")
async def apply(ctx: Ctx, who: Who, request: ApplyRequest) -> Response:
    """All or nothing, without a restart: nobody reconnects who keeps the right to be here."""
    governor = demand_governor(ctx, who)
    contents = _contents(request.files)
    revision, made = await governor.apply(contents, who.user, request.why, request.base, force=request.force)
    return json_response({"revision": revision_fields(revision), "plan": made})


@router.get("/export", response_model=Exported, summary="What runs, as plant files")
async def export(ctx: Ctx, who: Who) -> Response:
    """To apply them changes nothing."""
    governor = demand_governor(ctx, who)
    return json_response({"revision": governor.number, "files": _texts(governor.export())})


@router.get("/drift", response_model=Drift, summary="What differs between what runs and the directory")
async def drift(ctx: Ctx, who: Who) -> Response:
    """Files that were edited by hand, and wait to be applied or undone."""
    governor = demand_governor(ctx, who)
    return json_response({"revision": governor.number, "files": await governor.drift()})


@router.get("/revisions", response_model=Revisions, summary="Which files ran when, by whom and why")
async def revisions(
    ctx: Ctx,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**31, description="`next` of the page before.")] = None,
) -> Response:
    """Every applied set of plant files, newest first."""
    governor = demand_governor(ctx, who)
    found = await governor.revisions(limit + 1, before)
    shown = found[:limit]
    following = shown[-1].number if len(found) > limit else None
    return json_response(
        {"running": governor.number, "revisions": [revision_fields(each) for each in shown], "next": following}
    )


@router.get("/revisions/{number}", response_model=WholeRevision, responses=NOT_FOUND, summary="One revision, whole")
async def revision(ctx: Ctx, who: Who, number: int) -> Response:
    """Its files, and what differs from the revision before."""
    found, files, changes = await demand_governor(ctx, who).revision(number)
    return json_response({"revision": revision_fields(found), "files": _texts(files), "changes": changes})


@router.post(
    "/revisions/{number}/revert",
    response_model=Applied,
    responses=NOT_FOUND | CONFLICT,
    summary="Apply the files of an earlier revision again",
)
async def revert(ctx: Ctx, who: Who, number: int, request: RevertRequest) -> Response:
    """As a new revision: the history only grows."""
    found, made = await demand_governor(ctx, who).revert(number, who.user, request.why, force=request.force)
    return json_response({"revision": revision_fields(found), "plan": made})


def demand_governor(ctx: Context, who: Any) -> Governor:
    """Raises UnsError: `access.govern` for who may not, `unknown.governor` where files stand fast."""
    ctx.demand_govern(who)
    governor = ctx.platform.governor
    if governor is None:
        raise UnsError(Finding(id="unknown.governor", what="this server's files cannot be changed at run time."))
    return governor


def _contents(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: content.decode("utf-8", "replace") for name, content in files.items()}


def revision_fields(revision: Revision) -> dict[str, Any]:
    """As it is answered."""
    fields = msgspec.structs.asdict(revision)
    return {**fields, "time": format_timestamp(fields.pop("time_ms"))}


def _duration_ms(text: str) -> int:
    try:
        return int(parse_duration(text))
    except ValueError as error:
        hint = "Write for example 24h or 30m."
        raise UnsError(Finding(id="request.duration", what=f"{error}.", where="/since", hint=hint)) from error
