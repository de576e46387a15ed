"""A stub of the INSi service under /insi, for scenarios that start with the identity. Not the DMP's: another server's.

It reads no security token; what it checks and how it matches is in `mock_dmp.services.insi`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from mock_dmp.mounts import Wsgi, mount
from mock_dmp.pages.recorded import Called, Said, plain, recorded
from mock_dmp.render import insi as write
from mock_dmp.render.insi import InsiFault
from mock_dmp.render.soap import FAULT_ACTION, envelope
from mock_dmp.services.insi import Refused, search
from mock_dmp.state.engine import Store
from protocol import insi, safexml
from protocol.errors import MetadataError, XmlRefused

_KIND: Final = "application/soap+xml; charset=UTF-8"
_UNREADABLE: Final = "Le message reçu n'est pas une demande du téléservice INSi."


@mount("/insi/")
def site(store: Store) -> Wsgi:
    """The endpoint over one store."""
    return recorded(store, answer)


def answer(called: Called) -> Said:
    """RESULTAT with its code, or a fault (HTTP 500)."""
    if called.method != "POST":
        return plain(
            405,
            "Le téléservice INSi s'appelle par POST.",
            code="MockMethodNotAllowed",
            more=(("Allow", "POST"),),
        )
    try:
        asked = insi.read_question(called.body)
    except (XmlRefused, MetadataError) as problem:
        said = InsiFault("siram_40", "mock_message", _UNREADABLE, problem.text.fr)
        return _fault(said, "")
    try:
        found = search(called.session, asked)
    except Refused as refused:
        return _fault(refused.fault, asked.message_id)
    code = insi.NONE if not found else insi.ONE if len(found) == 1 else insi.SEVERAL
    payload = write.result(code, found[0] if code == insi.ONE else None)
    return _said(200, payload, f"{asked.action or insi.ACTION}Response", asked.message_id)


def _said(status: int, payload: etree._Element, action: str, relates_to: str) -> Said:
    body = safexml.serialize(envelope(payload, action=safexml.holdable(action), relates_to=relates_to))
    return Said(status, (("Content-Type", _KIND),), body, message_id=relates_to)


def _fault(said: InsiFault, relates_to: str) -> Said:
    answer = _said(500, write.fault(said), FAULT_ACTION, relates_to)
    return Said(answer.status, answer.headers, answer.body, "refused", said.code, said.error, relates_to)
