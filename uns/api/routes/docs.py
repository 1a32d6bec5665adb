"""Where is the description of the API for people?"""

from fastapi import APIRouter, Request, Response

from uns.api.docs import SECURITY_POLICY, render
from uns.api.docs_style import STYLE

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page(request: Request) -> Response:
    headers = {"Content-Security-Policy": SECURITY_POLICY, "Cache-Control": "no-cache"}
    return Response(render(request.app.openapi()), headers=headers, media_type="text/html")


@router.get("/docs/style.css")
async def style() -> Response:
    return Response(STYLE, headers={"Cache-Control": "no-cache"}, media_type="text/css")
