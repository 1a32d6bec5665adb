"""The HTTP API as one ASGI application: which layers does a request pass, and which routes answer?

ErrorBoundary ─▶ GuardLayer ─▶ BodyLimit ─▶ gzip ─▶ routes ─▶ the web page at /
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from uns.api.bodies import BodyLimit
from uns.api.context import Context
from uns.api.errors import ErrorBoundary, install_error_answers
from uns.api.guard import GuardLayer
from uns.api.metrics import make_registry
from uns.api.page import Page
from uns.api.platform import Platform
from uns.api.routes import (
    accept,
    aliases,
    blocks,
    check,
    clients,
    coverage,
    docs,
    explain,
    govern,
    health,
    history,
    inbox,
    info,
    learn,
    lineage,
    metrics,
    models,
    publish,
    replay,
    sources,
    sparkplug,
    stream,
    topics,
    tree,
    violations,
    websocket,
)
from uns.policy.admission import CompiledAdmission

BASE = "/api/v1"
RESOURCES = (
    tree,
    topics,
    history,
    stream,
    publish,
    check,
    explain,
    coverage,
    lineage,
    aliases,
    govern,
    learn,
    violations,
    models,
    inbox,
    accept,
    replay,
    blocks,
    sources,
    sparkplug,
    info,
    clients,
)
DESCRIPTION = (
    "Browse the unified namespace, read history, follow values and publish through the governed door. "
    "Times are RFC 3339 in UTC with `Z`; an error is {error: {id, what, where, hint, nearest}}."
)


def create_app(platform: Platform, *, static: Path | None = None, headers: Mapping[str, str] | None = None) -> FastAPI:
    """The application. static: the folder of the web page; headers: what its files are sent with.

    Call `end_streams(app)` before the server stops, or open event streams hold it up.
    """
    app = FastAPI(
        title="uns-platform",
        version=platform.version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        middleware=[
            Middleware(ErrorBoundary),
            Middleware(GuardLayer, guard=platform.guard),
            Middleware(
                BodyLimit,
                max_bytes=platform.max_body_bytes,
                larger=dict.fromkeys(govern.LARGE_PATHS, govern.MAX_FILES_BYTES),
            ),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5),
        ],
    )
    context = Context.of(platform)
    app.state.context = context
    app.state.metrics = make_registry(platform, context.streams)
    install_error_answers(app)
    api = APIRouter(prefix=BASE)
    for resource in RESOURCES:
        api.include_router(resource.router)
    app.include_router(api)
    for root in (health, metrics, docs, websocket):
        app.include_router(root.router)
    if static is not None:
        app.mount("/", Page(static, headers or {}), name="page")
    return app


def replace_policy(app: FastAPI, policy: CompiledAdmission, role_of: Callable[[str], str | None]) -> None:
    """Every request from now on sees this policy; those under way end with the one they began with. Event streams lose
    what their users may not read any more. role_of: the role of a user now, None for one who may no longer log in."""
    app.state.context = app.state.context.under(policy, role_of)


def end_streams(app: FastAPI) -> None:
    """End every open event stream and refuse new ones."""
    context: Context = app.state.context
    context.streams.close()
