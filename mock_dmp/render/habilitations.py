"""Writers of the answers of the `habilitations` service (TD0.3): output/status and output/context."""

from __future__ import annotations

from lxml import etree

from mock_dmp.context import Call, Refusal
from mock_dmp.render.soap import sentence
from protocol import facts

OK = "DMPOk"


def authorisation_response(status: str = OK, context: str = "") -> etree._Element:
    """hab:setAuthorizationResponse; `context` is free text for the user, left out when empty."""
    answer = etree.Element(_name("setAuthorizationResponse"), nsmap={"hab": facts.HABILITATIONS})
    output = etree.SubElement(answer, _name("output"))
    etree.SubElement(output, _name("status")).text = status
    if context:
        etree.SubElement(output, _name("context")).text = context
    return answer


def render_refusal(_call: Call, refusal: Refusal) -> etree._Element:
    """The status is the code of the first problem, the context says all of them."""
    return authorisation_response(refusal.code, " ".join(sentence(problem) for problem in refusal.problems))


def _name(local: str) -> str:
    return f"{{{facts.HABILITATIONS}}}{local}"
