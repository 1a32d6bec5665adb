"""Is the process alive, and is it ready to serve?"""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from uns.api.context import Ctx
from uns.api.models import FindingModel
from uns.api.responses import json_response

router = APIRouter(tags=["server"])


class CheckState(BaseModel):
    """One part of the server."""

    status: Literal["ok", "failed"]
    finding: FindingModel | None


class Health(BaseModel):
    """ok when every check is."""

    status: Literal["ok", "failed"]
    checks: dict[str, CheckState]


@router.get("/livez", response_model=Health, summary="Is the process alive?")
async def livez() -> Response:
    """Always 200 while the event loop turns: restart the process when this does not answer."""
    return json_response({"status": "ok", "checks": {}})


@router.get(
    "/readyz", response_model=Health, responses={503: {"model": Health}}, summary="Is the server ready to serve?"
)
async def readyz(ctx: Ctx) -> Response:
    """200 when every part works, 503 with what is wrong otherwise."""
    checks = ctx.platform.checks()
    ready = not any(checks.values())
    states = {name: {"status": "failed" if finding else "ok", "finding": finding} for name, finding in checks.items()}
    return json_response({"status": "ok" if ready else "failed", "checks": states}, status=200 if ready else 503)
