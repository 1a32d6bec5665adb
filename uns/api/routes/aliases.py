"""Which paths have another name, and who still needs the old one?"""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from uns.api.context import Context, Ctx, Who
from uns.api.models import ERRORS, TIME
from uns.api.responses import json_response
from uns.policy.alias import PathAlias
from uns.samples import format_timestamp

router = APIRouter(tags=["govern"], responses=ERRORS)


class AliasPublisher(BaseModel):
    """A client that has published on the old path since the start of the server."""

    client_id: str
    messages: int


class AliasSubscriber(BaseModel):
    """A client that hears by the old path alone."""

    client_id: str
    filters: list[str]


class AliasModel(BaseModel):
    """An old path, and what it is called now. It can go when nobody is left who publishes or subscribes by it."""

    old: str = Field(examples=["acme/ghent/packging"])
    new: str = Field(examples=["acme/ghent/packaging"])
    until: str | None = Field(description="The last day, in UTC; null is for ever.", examples=["2027-03-31"])
    in_force: bool = Field(description="False when its last day is over: what comes on the old path is refused.")
    why: str
    file: str
    line: int
    messages: int = Field(description="Published on the old path since the start of the server.")
    last: str | None = Field(description="When the latest of them came.", examples=[TIME])
    publishers: list[AliasPublisher] = Field(description="The most frequent first, a hundred at most.")
    subscribers: list[AliasSubscriber]


class Aliases(BaseModel):
    """As they stand in namespace.yaml."""

    aliases: list[AliasModel]


@router.get("/aliases", response_model=Aliases, summary="Old names of branches, and who still uses them")
async def aliases(ctx: Ctx, who: Who) -> Response:
    """Of every path that you may read, by its old name or by its new one."""
    found = [
        _fields(ctx, alias)
        for alias in ctx.platform.policy.aliases
        if ctx.may_read(who, f"{alias.old}/#") or ctx.may_read(who, f"{alias.new}/#")
    ]
    return json_response({"aliases": found})


def _fields(ctx: Context, alias: PathAlias) -> dict[str, Any]:
    platform = ctx.platform
    use = platform.broker.path_use(alias)
    place = platform.file_lines().aliases.get(alias.old)
    publishers = sorted(use.clients.items(), key=lambda entry: -entry[1])
    subscribers = (
        (client.client_id, [each for each in client.subscriptions if alias.keeps(each)])
        for client in platform.broker.clients()
    )
    return {
        "old": alias.old,
        "new": alias.new,
        "until": None if alias.until is None else alias.until.isoformat(),
        "in_force": alias.in_force(platform.clock.wall_ms()),
        "why": alias.why,
        "file": "" if place is None else place.file,
        "line": 0 if place is None else place.line,
        "messages": use.messages,
        "last": format_timestamp(use.last_ms) if use.last_ms else None,
        "publishers": [{"client_id": name, "messages": count} for name, count in publishers],
        "subscribers": [{"client_id": name, "filters": filters} for name, filters in subscribers if filters],
    }
