"""What should there be, and what is there: missing, late, wrong unit, extra?"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from uns.api.context import Context, Ctx, Who, demand_topic
from uns.api.coverage import CoverageCounts, CoverageLists, CoverageRow
from uns.api.described import model_of
from uns.api.models import ERRORS, NOT_FOUND
from uns.api.naturally import natural_key
from uns.api.platform import Identity
from uns.api.responses import json_response
from uns.api.values import has_value
from uns.errors import Finding, UnsError, shorten
from uns.policy.inbox import Group, GroupState, Sort
from uns.policy.node import Node
from uns.policy.resolve import nearest_topic
from uns.policy.verdict import OWNED_BY_SOURCE

router = APIRouter(tags=["govern"], responses=ERRORS)
MAX_GROUPS = 1000
"""Of the inbox, the most frequent first."""


class CoverageAnswer(BaseModel):
    """Expected against actual. Units are compared where a Sparkplug edge node of somebody else tells one."""

    path: str
    model: str | None = Field(description="Of the path itself, when it is an asset.", examples=["filler@2"])
    total: model_of(CoverageCounts)  # type: ignore[valid-type]
    rows: list[model_of(CoverageRow)] = Field(  # type: ignore[valid-type]
        description="In natural order; of what is the path's own there is no row."
    )
    rows_left_out: int = Field(description="More than `limit`; ask for the branches one by one.")
    own: model_of(CoverageCounts)  # type: ignore[valid-type]
    lists: model_of(CoverageLists)  # type: ignore[valid-type]


@router.get("/coverage", response_model=CoverageAnswer, responses=NOT_FOUND, summary="What is missing, late or extra")
async def coverage(
    ctx: Ctx,
    who: Who,
    path: Annotated[str, Query(description="A branch or an asset; empty: all.", examples=["acme/ghent"])] = "",
    rows: Annotated[Literal["branch", "asset"], Query(description="What is right below, or every asset.")] = "branch",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Counts per branch, and lists for the path itself. What you may not read is left out, and counted as withheld."""
    base = _base(ctx, path)
    may_read = _may_read(ctx, who, path)
    groups = await asyncio.to_thread(_groups, ctx, path)
    found = await ctx.coverage.of(base, may_read, groups, by_asset=rows == "asset")
    listed = sorted(found.rows, key=lambda row: natural_key(row.path))
    return json_response(
        {
            "path": path,
            "model": base.model or None,
            "total": found.total,
            "rows": listed[:limit],
            "rows_left_out": max(0, len(listed) - limit),
            "own": found.own,
            "lists": found.lists,
        }
    )


def _base(ctx: Context, path: str) -> Node:
    """Raises UnsError (`unknown.path`, with the nearest) for what is no equipment, or admitted and was never heard."""
    namespace = ctx.platform.policy.namespace
    if not path:
        return namespace.root
    demand_topic(path)
    node, rest = namespace.locate(path)
    if not rest and (node.template is None or _is_heard(ctx, path)):
        return node
    raise UnsError(
        Finding(
            id="unknown.path",
            what=f"'{shorten(path)}' is no equipment of the namespace." if rest else f"nothing came from '{path}' yet.",
            where="path",
            hint="Ask for a branch or an asset; see /api/v1/tree.",
            nearest=nearest_topic(namespace, path) if rest else "",
        )
    )


def _is_heard(ctx: Context, path: str) -> bool:
    return any(has_value(current) for _, current in ctx.platform.broker.topics.matched_by(f"{path}/#"))


def _may_read(ctx: Context, who: Identity, path: str) -> Callable[[str], bool]:
    if ctx.may_read(who, f"{path}/#" if path else "#"):
        return lambda topic: True
    return lambda topic: ctx.may_read(who, topic)


def _groups(ctx: Context, path: str) -> list[Group]:
    """Open groups of messages on topics that are not declared."""
    now_ms = ctx.platform.clock.wall_ms()
    page = ctx.platform.inbox.list(
        now_ms, MAX_GROUPS, state=GroupState.OPEN, finding="topic", branch=path or None, sort=Sort.COUNT
    )
    return [group for group in page.groups if group.finding_id != OWNED_BY_SOURCE]
