"""Which troubles are there, what was decided about each, and what is decided now?"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from uns.api.bodies import StrictRoute
from uns.api.context import Context, Ctx, Who, demand_filter
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE, TOPIC, FindingModel
from uns.api.platform import ViolationReader
from uns.api.responses import json_response
from uns.api.routes.violations import ViolationModel, fields_of, store_of, withheld
from uns.errors import Finding, UnsError
from uns.policy.inbox import Act, Group, GroupState, Sort
from uns.policy.propose import Proposal, propose
from uns.policy.violation import Violation
from uns.samples import format_timestamp, parse_timestamp

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS)
SAMPLES = 10
StateName = Literal["open", "muted", "resolved"]


class GroupModel(BaseModel):
    """One trouble: the same finding of the same rule, on one branch, from one client."""

    id: int
    finding: FindingModel = Field(description="Of the latest; only its kind when you may not read its topic.")
    rule: str = Field(description="What states it.", examples=["filler@2/temperature"])
    branch: str = Field(description="The deepest declared equipment, or the first levels of what is not declared.")
    client_id: str = Field(description="`auto-*`: all clients without an id of their own.")
    state: StateName
    muted_until: str | None = Field(description="null when it is not muted, or until somebody unmutes it.")
    assigned: str
    note: str = Field(description="Of the last time it was resolved.")
    reopened: int = Field(description="How often it came back after it was resolved.")
    count: int = Field(description="Every occurrence, also of messages that are not kept any more.")
    delivered: int
    quarantined: int
    rejected: int
    kept: int = Field(description="Messages that are still stored.")
    held: int = Field(description="Of those, messages that wait in quarantine and can be replayed.")
    first: str = Field(examples=[TIME])
    last: str = Field(examples=[TIME])
    topic: str = Field(description="Of the latest.", examples=[TOPIC])
    nearest: list[str] = Field(description="Topics that were probably meant, the latest first.")
    addresses: list[str] = Field(description="Hosts of its publishers, the latest first.")


class CountsModel(BaseModel):
    """How many groups stand where."""

    open: int
    muted: int
    resolved: int


class Groups(BaseModel):
    """A page of groups."""

    groups: list[GroupModel]
    total: int = Field(description="How many groups are like what was asked for.")
    by_state: CountsModel = Field(description="The same, whatever the state.")
    next: int | None = Field(description="`offset` of the next page; null at the end.")


class ActionModel(BaseModel):
    """One entry of a journal."""

    time: str = Field(examples=[TIME])
    who: str = Field(description="A user; empty for the platform itself.")
    what: str = Field(examples=["resolve"])
    note: str


class EditModel(BaseModel):
    """One change of a model document."""

    pointer: str = Field(examples=["/attributes/temperature/max"])
    value: Any = Field(description="null takes the key away.")


class NewVersionModel(BaseModel):
    """The next version of a model."""

    base: str = Field(description="Empty for a new model.", examples=["filler@2"])
    ref: str = Field(examples=["filler@3"])
    edits: list[EditModel]


class TreeEntryModel(BaseModel):
    """Keys of equipment in namespace.yaml."""

    path: str
    keys: dict[str, Any]
    is_new: bool


class RewriteModel(BaseModel):
    """Messages on one topic go to another."""

    topic: str
    to: str


class ProposalModel(BaseModel):
    """One way to take such messages; a person decides, nothing is changed by it."""

    kind: Literal["accept", "relax", "map"] = Field(
        description="`accept`: it becomes part of what is declared; `relax`: an attribute takes more than before; "
        "`map`: the topic becomes another name of one that is declared."
    )
    sentence: str
    versions: list[NewVersionModel]
    tree: list[TreeEntryModel]
    rewrite: RewriteModel | None


class GroupDetail(BaseModel):
    """One group with its latest messages, what could be done and what was done."""

    group: GroupModel
    samples: list[ViolationModel] = Field(description="The latest that are kept; `where` points into the payload.")
    proposals: list[ProposalModel] = Field(
        description="How the plant files could take the latest message, the likeliest first; none when you may not "
        "read its topic, or when only its publisher can mend it."
    )
    journal: list[ActionModel] = Field(description="The latest first.")


class ActionRequest(BaseModel):
    """What is to be done with a group."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["mute", "unmute", "assign", "resolve", "reopen"] = Field(examples=["resolve"])
    note: str = Field("", max_length=2000)
    until: str | None = Field(None, description="Of `mute`: RFC 3339; until somebody unmutes it when left out.")
    to: str = Field("", max_length=200, description="Of `assign`: a person; empty takes the name away.")


@router.get("/violations/groups", response_model=Groups, summary="The inbox: violations in groups")
async def groups(
    ctx: Ctx,
    who: Who,
    state: Annotated[StateName | None, Query(description="All when left out.")] = None,
    topic: Annotated[str | None, Query(description="MQTT filter.", examples=["acme/#"])] = None,
    finding: Annotated[str | None, Query(description="Id or family.", examples=["payload.range"])] = None,
    client: Annotated[str | None, Query(description="Client id.")] = None,
    branch: Annotated[str | None, Query(description="With everything below it.")] = None,
    sort: Annotated[Literal["last", "count"], Query(description="What comes first.")] = "last",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="`next` of the page before.")] = 0,
) -> Response:
    """What goes wrong where, from whom, how often, and what was decided about it."""
    if topic is not None:
        demand_filter(topic)
    store_of(ctx)
    page = await asyncio.to_thread(
        ctx.platform.inbox.list,
        ctx.platform.clock.wall_ms(),
        limit,
        offset=offset,
        state=None if state is None else GroupState(state),
        topic_filter=topic,
        finding=finding,
        client_id=client,
        branch=branch,
        sort=Sort(sort),
    )
    end = offset + len(page.groups)
    return json_response(
        {
            "groups": [group_fields(ctx, who, group) for group in page.groups],
            "total": page.total,
            "by_state": page.by_state,
            "next": end if page.groups and end < page.total else None,
        }
    )


@router.get("/violations/groups/{group_id}", response_model=GroupDetail, responses=NOT_FOUND, summary="One group")
async def group_detail(ctx: Ctx, who: Who, group_id: int) -> Response:
    """With its latest messages, where they are wrong, and what people did about them."""
    return await _answer(ctx, who, await demand_group(ctx, group_id))


@router.post(
    "/violations/groups/{group_id}/actions",
    response_model=GroupDetail,
    responses=NOT_FOUND | TOO_LARGE,
    summary="Mute, assign, resolve or reopen a group",
)
async def act(ctx: Ctx, who: Who, group_id: int, request: ActionRequest) -> Response:
    """Takes a role that governs. Replay and block have addresses of their own: `/violations/replay` and `/blocks`."""
    ctx.demand_govern(who)
    changed = await asyncio.to_thread(
        ctx.platform.inbox.act,
        group_id,
        Act(request.action),
        who.user,
        ctx.platform.clock.wall_ms(),
        note=request.note,
        until_ms=None if request.until is None else read_time("/until", request.until),
        assigned=request.to,
    )
    return await _answer(ctx, who, changed or _no_group(group_id))


async def demand_group(ctx: Context, group_id: int) -> Group:
    """Raises UnsError (`unknown.group`) when there is none."""
    now_ms = ctx.platform.clock.wall_ms()
    found = await asyncio.to_thread(ctx.platform.inbox.get, group_id, now_ms) if abs(group_id) < 2**63 else None
    return found or _no_group(group_id)


def read_time(where: str, text: str) -> int:
    """UTC milliseconds; raises UnsError (`request.time`)."""
    try:
        return parse_timestamp(text)
    except ValueError as error:
        raise UnsError(
            Finding(id="request.time", what=f"{error}.", where=where, hint=f"Write it like {TIME}.")
        ) from error


def _no_group(group_id: int) -> Group:
    raise UnsError(
        Finding(
            id="unknown.group",
            what=f"there is no group {group_id} of violations.",
            hint="List them at /api/v1/violations/groups; those long settled give way when there are too many.",
        )
    )


async def _answer(ctx: Context, who: Any, group: Group) -> Response:
    samples, journal = await asyncio.to_thread(_read, ctx, store_of(ctx), group.id)
    proposals = await proposals_of(ctx, who, group, [each.violation for each in samples])
    return json_response(
        {
            "group": group_fields(ctx, who, group),
            "samples": [fields_of(record, ctx.may_read(who, record.violation.topic)) for record in samples],
            "proposals": proposals,
            "journal": [
                {"time": format_timestamp(action.time_ms), "who": action.who, "what": action.what, "note": action.note}
                for action in journal
            ],
        }
    )


async def proposals_of(ctx: Context, who: Any, group: Group, kept: Sequence[Violation]) -> list[Proposal]:
    """How the plant files could take the latest message of a group; nothing for who may not read its topic. kept: its
    latest messages."""
    if not ctx.may_read(who, group.topic):
        return []
    payloads = [each.payload for each in kept if each.topic == group.topic]
    return await asyncio.to_thread(propose, ctx.platform.policy.namespace, group.finding, group.topic, payloads)


def _read(ctx: Context, store: ViolationReader, group_id: int) -> tuple[Any, Any]:
    return store.list(SAMPLES, group=group_id).violations, ctx.platform.inbox.journal(group_id)


def group_fields(ctx: Context, who: Any, group: Group) -> dict[str, Any]:
    """As it is answered: its reason withheld from who may not read its topic."""
    fields = msgspec.structs.asdict(group)
    readable = ctx.may_read(who, group.topic)
    until_ms, first_ms, last_ms = (fields.pop(name) for name in ("muted_until_ms", "first_ms", "last_ms"))
    del fields["finding_id"]
    return {
        **fields,
        "finding": group.finding if readable else withheld(group.finding),
        "delivered": group.count - group.quarantined - group.rejected,
        "muted_until": None if until_ms is None else format_timestamp(until_ms),
        "first": format_timestamp(first_ms),
        "last": format_timestamp(last_ms),
    }
