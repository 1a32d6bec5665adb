"""Where does Prometheus scrape?"""

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from uns.api.context import Who
from uns.api.models import ERRORS

router = APIRouter(tags=["server"], responses=ERRORS)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Exposition format."}},
)
async def metrics(request: Request, who: Who) -> Response:
    """Text exposition format, or OpenMetrics when the client accepts it."""
    encoder, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encoder(request.app.state.metrics), media_type=content_type)
