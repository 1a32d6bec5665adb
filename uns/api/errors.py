"""What does a client get when something is wrong? One JSON shape, and the HTTP status of the finding's family."""

import logging
import secrets
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from uns.api.responses import json_response
from uns.errors import Finding, UnsError, answer

logger = logging.getLogger(__name__)

STATUS = {
    "access.anonymous": 401,
    "access.credentials": 401,
    "govern.write_failed": 503,
    "quota.body": 413,
    "request.method": 405,
    "request.no_websocket": 426,
}
"""Ids that HTTP has a more exact status for than their family's."""
HEADERS = {
    401: {"WWW-Authenticate": 'Basic realm="uns", charset="UTF-8"'},
    426: {"Upgrade": "websocket", "Connection": "Upgrade"},
}
"""What HTTP wants beside a status."""


def status_of(finding: Finding) -> int:
    """The HTTP status of a finding."""
    return STATUS.get(finding.id) or answer(finding).http_status


def error_response(finding: Finding, **beside: Any) -> Response:
    """`{"error": {"id", "what", "where", "hint", "nearest"}}` with its status; beside: further members."""
    status = status_of(finding)
    return json_response({"error": finding, **beside}, status=status, headers=HEADERS.get(status))


class Refusal(HTTPException):
    """A finding raised while a body is read, where FastAPI lets only HTTPException pass."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(status_of(finding), finding.what)
        self.finding = finding


def install_error_answers(app: FastAPI) -> None:
    """Every refusal that FastAPI or a route raises becomes an error response."""
    app.add_exception_handler(UnsError, _answer_finding)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)


async def _answer_finding(_: Request, error: Exception) -> Response:
    assert isinstance(error, UnsError)
    return error_response(error.finding)


async def _answer_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_response(validation_finding(error.errors()))


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, Refusal):
        finding = error.finding
    elif error.status_code == 404:
        finding = Finding(
            id="unknown.path",
            what=f"there is nothing at '{request.url.path}'.",
            hint="/docs lists what this server answers.",
        )
    elif error.status_code == 405:
        finding = Finding(
            id="request.method",
            what=f"'{request.url.path}' does not answer {request.method}.",
            hint="/docs lists the methods.",
        )
    else:
        finding = Finding(id="request.invalid", what=f"{error.detail}.", hint="/docs describes the request.")
    return error_response(finding)


def validation_finding(errors: Sequence[Any]) -> Finding:
    """The first of pydantic's errors as a finding: `where` is a parameter name, or a JSON pointer into the body."""
    first = errors[0]
    source, *inner = first["loc"]
    in_body = source == "body"
    if first["type"] == "json_invalid":
        reason = first.get("ctx", {}).get("error", "")
        return Finding(id="request.json", what=f"the body is no JSON: {reason}.", hint="Send a JSON object.")
    where = "".join(f"/{part}" for part in inner) if in_body else str(inner[0] if inner else source)
    if first["type"] == "missing":
        kind = "the body" if in_body and not inner else f"'{where}'"
        return Finding(
            id="request.missing", what=f"{kind} is missing.", where=where, hint="/docs describes what to send."
        )
    name = where or "the body"
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return Finding(
        id="request.invalid",
        what=f"'{name}' is {_shown(first.get('input'))}: {first['msg']}{more}.",
        where=where,
        hint="/docs describes what to send.",
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


class ErrorBoundary:
    """The outermost layer: an unexpected exception is logged with an id, and only the id goes to the client."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("internal error %s on %s %s", reference, scope.get("method", ""), scope.get("path", ""))
            if scope["type"] == "http" and not started:
                await error_response(_internal(reference))(scope, receive, send)


def _internal(reference: str) -> Finding:
    return Finding(
        id="internal.error",
        what=f"the server failed to answer; its log has the details under {reference}.",
        hint=f"Please report it with the log lines around {reference}.",
    )
