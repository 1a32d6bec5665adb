"""May this HTTP request become an MQTT connection over WebSocket, and what is it answered? (RFC 6455, section 4.2)"""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from uns.errors import Finding, answer

SUBPROTOCOLS = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))
"""MQTT-6.0.0-3 and -4 name `mqtt`, for 3.1.1 too; clients of MQTT 3.1 knew themselves by the other."""

Gate = Callable[[Mapping[str, str], str], str | Finding]
"""Headers, looked up regardless of case, and the peer's address: the address that the broker shall know the client by,
or why the request is refused."""

OPENED = 101


def answer_upgrade(path: str, headers: Iterable[tuple[bytes, bytes]], address: str, gate: Gate) -> tuple[Response, str]:
    """What to answer, and the address for the broker; the connection is open when the status is 101."""
    asked = Request(path, Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]))
    try:
        admitted = gate(asked.headers, address)
    except MultipleValuesError as error:
        admitted = Finding(id="request.upgrade", what=f"a header came twice: {error}.", hint="Send it once.")
    if not isinstance(admitted, Finding) and not _offered(asked.headers):
        admitted = Finding(
            id="request.upgrade",
            what="the WebSocket offers no sub-protocol that is spoken here.",
            where="Sec-WebSocket-Protocol",
            hint="Offer 'mqtt', as MQTT clients do: new WebSocket(url, 'mqtt').",
        )
    if isinstance(admitted, Finding):
        return _refusal(admitted), ""
    return ServerProtocol(subprotocols=SUBPROTOCOLS).accept(asked), admitted


def _offered(headers: Headers) -> bool:
    """MQTT-6.0.0-3: the client must offer the name."""
    offers = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
    return any(offer.strip() in SUBPROTOCOLS for offer in offers)


def _refusal(finding: Finding) -> Response:
    body = msgspec.json.encode({"error": finding})
    headers = Headers({"Connection": "close", "Content-Type": "application/json", "Content-Length": str(len(body))})
    return Response(answer(finding).http_status, "Refused", headers, body)
