"""Who may not connect, and who decided so?"""

import asyncio
import logging
from typing import Any, Self

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from uns.api.bodies import StrictRoute
from uns.api.context import Ctx, Who
from uns.api.models import ERRORS, NOT_FOUND, TIME, TOO_LARGE
from uns.api.responses import json_response
from uns.api.routes.inbox import demand_group
from uns.broker import ASSIGNED_PREFIX, host_of
from uns.errors import Finding, UnsError
from uns.policy.inbox import Action, Block
from uns.samples import format_timestamp

router = APIRouter(tags=["govern"], route_class=StrictRoute, responses=ERRORS)
log = logging.getLogger(__name__)


class BlockModel(BaseModel):
    """One block: each of client id, user and address that is not empty must be that of the client."""

    id: int
    client_id: str
    user: str
    address: str = Field(description="A host; of IPv6, its /64 network.")
    reason: str
    who: str
    time: str = Field(examples=[TIME])


class BlockList(BaseModel):
    """Every block, the latest first."""

    blocks: list[BlockModel]


class Blocked(BaseModel):
    """The new block, and whom it disconnected."""

    block: BlockModel
    disconnected: list[str] = Field(description="Client ids.")


class BlockRequest(BaseModel):
    """Whom to block. With `group` alone, the client of that group."""

    model_config = ConfigDict(extra="forbid")

    client: str = Field("", max_length=65_535, description="Client id.")
    user: str = Field("", max_length=65_535)
    address: str = Field("", max_length=200, description="A host without port.")
    reason: str = Field("", max_length=500, description="Told to the client.")
    group: int | None = Field(None, ge=0, le=2**63 - 1, description="The group it is for; noted in its journal.")

    @model_validator(mode="after")
    def _name_someone(self) -> Self:
        if not (self.client or self.user or self.address or self.group is not None):
            raise ValueError("name a client, a user, an address or a group")
        return self


@router.get("/blocks", response_model=BlockList, summary="Who may not connect")
async def blocks(ctx: Ctx, who: Who) -> Response:
    """Decided by people; kept over a restart."""
    return json_response({"blocks": [_fields(block) for block in ctx.platform.blocks.list()]})


@router.post("/blocks", response_model=Blocked, responses=NOT_FOUND | TOO_LARGE, summary="Block a client")
async def block(ctx: Ctx, who: Who, request: BlockRequest) -> Response:
    """It is disconnected now (0x98) and refused at CONNECT from now on (0x8A). Takes a role that governs."""
    ctx.demand_govern(who)
    platform, client, now_ms = ctx.platform, request.client, ctx.platform.clock.wall_ms()
    if request.group is not None:
        group = await demand_group(ctx, request.group)
        client = client or ("" if request.user or request.address else group.client_id)
    _demand_connecting(client, {info.client_id for info in platform.broker.clients() if info.role == "internal"})
    address = host_of(f"[{request.address}]" if ":" in request.address else request.address)
    made = await asyncio.to_thread(platform.blocks.add, client, request.user, address, request.reason, who.user, now_ms)
    disconnected = platform.broker.expel_blocked()
    log.warning("%s, by %s; %d connections closed", ascii(made.text), ascii(who.user), len(disconnected))
    if request.group is not None:
        note = Action(now_ms, who.user, "block", made.text)
        await asyncio.to_thread(platform.inbox.note, [request.group], note)
    return json_response({"block": _fields(made), "disconnected": disconnected})


@router.delete("/blocks/{block_id}", response_model=BlockModel, responses=NOT_FOUND, summary="Unblock")
async def unblock(ctx: Ctx, who: Who, block_id: int) -> Response:
    """It may connect again. Takes a role that governs."""
    ctx.demand_govern(who)
    removed = await asyncio.to_thread(ctx.platform.blocks.remove, block_id)
    if removed is None:
        raise UnsError(
            Finding(id="unknown.block", what=f"there is no block {block_id}.", hint="List them at /api/v1/blocks.")
        )
    log.warning("no longer blocked: %s, by %s", ascii(removed.text), ascii(who.user))
    return json_response(_fields(removed))


def _demand_connecting(client: str, own: set[str]) -> None:
    """Raises UnsError (`request.block`) for what is no client of MQTT, where a block would do nothing."""
    why = hint = ""
    if client.startswith(ASSIGNED_PREFIX):
        why, hint = "comes with another client id each time", "Block its address or its user."
    elif client.startswith("http:"):
        why, hint = "publishes over HTTP", "Take its role away in access.yaml."
    elif client in own:
        why, hint = "is a part of this server", "Change its file in sources/, or stop it."
    if why:
        raise UnsError(Finding(id="request.block", what=f"'{client[:120]}' {why}.", where="/client", hint=hint))


def _fields(block: Block) -> dict[str, Any]:
    fields = msgspec.structs.asdict(block)
    time_ms = fields.pop("time_ms")
    return {**fields, "time": format_timestamp(time_ms)}
