"""How are request bodies read? Strict JSON (no NaN, no lone surrogates, bounded depth), and no more than the limit."""

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from uns.api.errors import Refusal, error_response
from uns.errors import Finding


class _StrictRequest(Request):
    """A request whose body msgspec reads; Python's own reader takes NaN and lone surrogates."""

    async def json(self) -> Any:
        try:
            return msgspec.json.decode(await self.body())
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from error


class StrictRoute(APIRoute):
    """A route that reads its body as strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            return await inner(_StrictRequest(request.scope, request.receive))

        return read_strictly


class BodyLimit:
    """Refuses a body of more than `max_bytes` with 413, whether its length is announced or not.

    larger: paths that have a bound of their own.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int]) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes = self._larger.get(scope["path"], self._max_bytes)
        if _announced_bytes(scope) > max_bytes:
            await error_response(_too_large(max_bytes))(scope, receive, send)
            return
        received_bytes = 0

        async def count() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > max_bytes:
                raise Refusal(_too_large(max_bytes))
            return message

        await self._app(scope, count, send)


def _too_large(max_bytes: int) -> Finding:
    return Finding(
        id="quota.body", what=f"the request body is larger than {max_bytes} bytes.", hint="Send less in one request."
    )


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
