"""What server is this, and how much is in it?"""

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from uns.api.context import Ctx, Who
from uns.api.models import ERRORS, TIME
from uns.api.responses import json_response
from uns.broker import is_compiled
from uns.samples import format_timestamp

router = APIRouter(tags=["server"], responses=ERRORS)


class Mqtt(BaseModel):
    """Where MQTT clients connect."""

    host: str = Field(examples=["127.0.0.1"])
    port: int | None = Field(examples=[1883], description="Without TLS; null when there is none.")
    tls_port: int | None = Field(examples=[8883], description="With TLS; null when there is none.")
    websocket: str = Field(examples=["/mqtt"], description="Path on this HTTP port, sub-protocol `mqtt`.")


class Counts(BaseModel):
    """messages and violations since the start; the others now."""

    topics: int
    clients: int = Field(description="Connected MQTT clients.")
    messages_in: int
    messages_out: int
    violations: int
    sources: int


class Info(BaseModel):
    """Name, version, age and counts of the server."""

    name: str
    version: str = Field(examples=["0.1.0"])
    compiled: bool = Field(description="Does the core of the broker run as machine code?")
    started_at: str = Field(examples=[TIME])
    uptime_s: float
    mqtt: Mqtt
    counts: Counts


@router.get("/info", response_model=Info, summary="Name, version and counts of the server")
async def info(ctx: Ctx, who: Who) -> Response:
    """What a page or a health board shows first."""
    platform = ctx.platform
    stats, (host, port, tls_port) = platform.broker.stats, platform.mqtt
    return json_response(
        {
            "name": platform.name,
            "version": platform.version,
            "compiled": is_compiled(),
            "started_at": format_timestamp(platform.started_ms),
            "uptime_s": (platform.clock.wall_ms() - platform.started_ms) / 1000,
            "mqtt": {"host": host, "port": port, "tls_port": tls_port, "websocket": "/mqtt"},
            "counts": {
                "topics": len(platform.broker.topics),
                "clients": stats.connections,
                "messages_in": stats.messages_in,
                "messages_out": stats.messages_out,
                "violations": stats.violations,
                "sources": len(platform.sources.states()),
            },
        }
    )
