"""Who is connected, and is anyone too slow?"""

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from uns.api.context import Ctx, Who
from uns.api.models import ERRORS, TIME
from uns.api.responses import json_response
from uns.broker import ClientInfo
from uns.samples import format_timestamp

router = APIRouter(tags=["server"], responses=ERRORS)


class ClientModel(BaseModel):
    """One client: a session over the network, connected or waiting, or a part of this server."""

    client_id: str
    protocol: str = Field(examples=["MQTT 5.0"])
    address: str
    role: str
    connected: bool
    since: str | None = Field(description="Of the connection, or of its loss.", examples=[TIME])
    subscriptions: list[str]
    inflight: int = Field(description="QoS 1 and 2 messages sent and not acknowledged.")
    queued: int
    messages_in: int
    messages_out: int
    dropped: int = Field(description="Messages shed because the client was too slow.")


class Clients(BaseModel):
    """Every client, by id."""

    clients: list[ClientModel]


@router.get("/clients", response_model=Clients, summary="Connected clients and waiting sessions")
async def clients(ctx: Ctx, who: Who) -> Response:
    """Every session of the broker with its subscriptions, queues and losses."""
    return json_response({"clients": [_fields(client) for client in ctx.platform.broker.clients()]})


def _fields(client: ClientInfo) -> dict[str, Any]:
    fields = msgspec.structs.asdict(client)
    since_ms = fields.pop("since_ms")
    return {**fields, "since": format_timestamp(since_ms) if since_ms else None}
