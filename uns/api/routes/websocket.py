"""What does a plain request get where MQTT over WebSocket is spoken?"""

from fastapi import APIRouter, Response

from uns.api.errors import error_response
from uns.errors import Finding

router = APIRouter(include_in_schema=False)


@router.api_route("/mqtt", methods=["GET", "HEAD"])
async def no_upgrade() -> Response:
    """Requests that ask for a WebSocket are taken over before they come here."""
    return error_response(
        Finding(
            id="request.no_websocket",
            what="'/mqtt' speaks MQTT over WebSocket, and this request asks for none.",
            hint="Connect an MQTT client to ws://HOST:PORT/mqtt; a proxy in front must pass Upgrade and Connection on.",
        )
    )
