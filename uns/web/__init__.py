"""Where the web page lies, and which headers must travel with it."""

from pathlib import Path

STATIC = Path(__file__).with_name("static")
"""Directory served at `/` of the HTTP port; `index.html` answers `/` itself."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Only this server, no inline script or style: a topic or payload that smuggles markup finds nothing to run in."""

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Sent with every file below `STATIC`. `no-cache` makes the browser revalidate, so an upgrade is seen at once."""

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""By suffix. The machine's table (`mimetypes`) may call `.js` text/plain, and with `nosniff` the page would not run."""
