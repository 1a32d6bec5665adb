"""Who sends this request? Asked before any route runs; probes and clients of MQTT need no answer."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from uns.api.errors import error_response
from uns.api.platform import Guard
from uns.errors import Finding

OPEN_PATHS = frozenset({"/livez", "/readyz", "/mqtt"})
"""Probes of orchestrators carry no credentials, nor do clients of MQTT, which log in with CONNECT; the answers tell
nothing about the plant's values."""


class GuardLayer:
    """Puts the identity into `scope["uns.identity"]`, or answers why there is none."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            identity = await self._guard.identify(
                scope["method"], Headers(scope=scope), _address(scope), scope.get("state", {}).get("certified")
            )
            if isinstance(identity, Finding):
                await error_response(identity)(scope, receive, send)
                return
            scope["uns.identity"] = identity
        await self._app(scope, receive, send)


def _address(scope: Scope) -> str:
    host, port = scope.get("client") or ("", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
