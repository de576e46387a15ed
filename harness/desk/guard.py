"""Who may talk to the desk's page: this machine's browser on the page itself, and nobody else.

A page of another site can't use it: names other than those of loopback are refused (DNS rebinding), requests that a
browser says come from elsewhere too, and what changes something carries a token that only the page knows.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from flask import Request

HOST: Final = "127.0.0.1"
_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SAFE: Final = frozenset({"GET", "HEAD"})
_OWN: Final = frozenset({"", "same-origin", "none"})
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls the origin of our own forms null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def refused(request: Request, token: str) -> int:
    """The HTTP status of a request that must not get further, 0 for others.

    The form is read only for a request that a page of ours can have made.
    """
    host = request.headers.get("Host", "")
    if _name(host) not in _NAMES:
        return 421
    navigated = request.method in _SAFE and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if request.headers.get("Sec-Fetch-Site", "") not in _OWN and not navigated:
        return 403
    if request.method in _SAFE:
        return 0
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{host}":
        return 403
    if not hmac.compare_digest(request.form.get("token", "").encode(), token.encode()):
        return 403
    return 0


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # no host at all
        return ""
