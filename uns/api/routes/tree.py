"""What is in the namespace, and where do these words stand?"""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from uns.api.context import Context, Ctx, Who, demand_topic
from uns.api.cursor import decode_cursor, encode_cursor
from uns.api.models import ERRORS, NOT_FOUND, TOPIC, NodeModel
from uns.api.responses import json_response
from uns.api.tree import below
from uns.errors import Finding, UnsError

router = APIRouter(tags=["browse"], responses=ERRORS)


class TreePage(BaseModel):
    """Nodes in preorder: a parent before its children, siblings in natural order (`line2` before `line10`)."""

    path: str
    nodes: list[NodeModel]
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class Found(BaseModel):
    """What a search found, declared nodes first."""

    nodes: list[NodeModel]


@router.get("/tree", response_model=TreePage, responses=NOT_FOUND, summary="Nodes below a path")
async def tree(
    ctx: Ctx,
    who: Who,
    path: Annotated[str, Query(description="Empty: the top.", examples=["acme/ghent"])] = "",
    depth: Annotated[int, Query(ge=1, le=64, description="Levels below the path.")] = 1,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    cursor: Annotated[str, Query(description="`next` of the page before.")] = "",
) -> Response:
    """The declared namespace and the live topics as one tree, a page at a time. Values never seen are GoodNoData."""
    if path:
        demand_topic(path)
        child = ctx.tree.find(path)
        if child.declared is None and child.live is None and not child.live_children:
            raise UnsError(_unknown(ctx, path))
    after = decode_cursor(cursor, path) if cursor else ""
    rows = list(islice(ctx.tree.walk(path, depth, after), limit + 1))
    nodes = [ctx.nodes.node(parent, child, level, who.role) for parent, child, level in rows[:limit]]
    last = below(rows[limit - 1][0], rows[limit - 1][1].name) if len(rows) > limit else ""
    return json_response({"path": path, "nodes": nodes, "next": encode_cursor(last) if last else None})


@router.get("/search", response_model=Found, summary="Find topics by words")
async def search(
    ctx: Ctx,
    who: Who,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["filler temp"])],
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Each word must occur in the path, the description, the unit or the owner; case is ignored."""
    found = await ctx.search.find(q, limit)
    nodes = [
        ctx.nodes.node(topic.rpartition("/")[0], ctx.tree.find(topic), topic.count("/") + 1, who.role)
        for topic in found
    ]
    return json_response({"nodes": nodes})


def _unknown(ctx: Context, path: str) -> Finding:
    wrong = ctx.platform.policy.rule(path).topic_finding
    return Finding(
        id="unknown.path",
        what=f"'{path[:120]}' is neither declared nor was anything published below it.",
        where="path",
        hint=f"Look at the level above, or search with /api/v1/search?q=; a path looks like {TOPIC}.",
        nearest=wrong.nearest if wrong else "",
    )
