"""Which transaction an exchange is, told from its bytes alone: wsa:Action, root of the body, what the message says.

Pages of the Web-PS and the neighbours of the DMP (INSi, parameter file) are known by their address. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from harness.checks.judged import Declared, Judged
from protocol import discriminants, webps
from protocol.exchange import Exchange
from protocol.transactions import NEIGHBOURS, Transaction
from protocol.transactions import load as load_transactions

_SIDES: Final[tuple[Literal["request", "response"], ...]] = ("request", "response")
#: Under the root of the platform, or that of a session of the mock.
_SESSION: Final = r"(?:/s/[^/?#]+)?"
_PAGE: Final = re.compile(rf"(?:https?://[^/]+)?{_SESSION}{re.escape(webps.PREFIX)}([^/?#]+)")
_PLACES: Final[Mapping[str, re.Pattern[str]]] = {
    "INSi": re.compile(rf"(?:https?://[^/]+)?{_SESSION}/insi(?:[/?#]|$)", re.IGNORECASE),
    "param-lps": re.compile(rf"(?:https?://[^/]+)?{_SESSION}/param-lps(?:[/?#]|$)", re.IGNORECASE),
}


def transaction_of(exchange: Exchange) -> Transaction | None:
    """The transaction by wsa:Action and root of the body, of the request or else of the response."""
    registry = load_transactions()
    blank = next(iter(registry.implemented()))
    for side in _SIDES:
        view = Judged(exchange, side, blank, Declared())
        if view.payload is None:
            continue
        root, action = str(view.payload.tag), view.value("(soap:Header|soap11:Header)/wsa:Action")
        assertions = view.nodes("(soap:Header|soap11:Header)/wsse:Security/saml:Assertion")
        said = discriminants.of_message(view.payload, assertions)
        found = registry.by_action(action, root, said) or _by_root(root)
        if found is not None:
            return found
    return None


def call_of(exchange: Exchange) -> str:
    """The id of the transaction, of the page access or of the neighbour that a frame calls; "" for anything else:
    a WSDL, an unknown address, a connection without a request.
    """
    target = exchange.request.target
    if not exchange.request.method:
        return ""
    if _PAGE.match(target):
        return "TD0.10" if exchange.tls is not None and not exchange.tls.certificate else "TD0.9"
    for name in NEIGHBOURS:
        if _PLACES[name].match(target):
            return name
    if exchange.request.method in ("GET", "HEAD") or not exchange.request.body:
        return ""
    found = transaction_of(exchange)
    return found.id if found is not None else ""


def message_id_of(exchange: Exchange) -> str:
    """wsa:MessageID of the request, "" when it has none."""
    if exchange.request.method in ("GET", "HEAD") or not exchange.request.body:
        return ""
    view = Judged(exchange, "request", next(iter(load_transactions().implemented())), Declared())
    return view.value("(soap:Header|soap11:Header)/wsa:MessageID")


def is_business(call: str) -> bool:
    """Whether `call_of` named a transaction of the DMP: what a step of a plan can wait for."""
    return bool(call) and call not in NEIGHBOURS


def page_of(exchange: Exchange) -> str:
    """Name of the Web-PS page that is opened, "" for any other address."""
    found = _PAGE.match(exchange.request.target)
    return found[1] if found else ""


def _by_root(root: str) -> Transaction | None:
    implemented = load_transactions().implemented()
    found = [item for item in implemented if root in (item.request_root, item.response_root)]
    return found[0] if found else None
