"""What the answers of the DMP's own services share: `…Response/output`, `status`, `context`.

Names come from the transaction in hand, so that a refusal of any of them is written here.
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from mock_dmp.context import Call, Refusal
from mock_dmp.render.soap import sentence
from protocol import facts, safexml

OK = "DMPOk"
_PREFIXES = {facts.HABILITATIONS: "hab", facts.PATIENTS: "pat"}


def response(
    root: str, *, before: Iterable[etree._Element] = (), status: str = OK, context: str = ""
) -> etree._Element:
    """The answer whose root is `{namespace}name`: `before` comes first in its output, then the status.

    `context` is free text for the user, left out when empty.
    """
    namespace = etree.QName(root).namespace or ""
    answer = etree.Element(root, nsmap={_PREFIXES.get(namespace, "ws"): namespace})
    output = etree.SubElement(answer, f"{{{namespace}}}output")
    output.extend(list(before))
    output.append(leaf(namespace, "status", status))
    if context:
        output.append(leaf(namespace, "context", context))
    return answer


def leaf(namespace: str, name: str, text: str) -> etree._Element:
    """One element of the service with its text."""
    element = etree.Element(f"{{{namespace}}}{name}", nsmap={_PREFIXES.get(namespace, "ws"): namespace})
    element.text = safexml.holdable(text)
    return element


def branch(namespace: str, name: str, *fields: tuple[str, str]) -> etree._Element:
    """One element with children; those without a text are left out."""
    element = etree.Element(f"{{{namespace}}}{name}", nsmap={_PREFIXES.get(namespace, "ws"): namespace})
    element.extend([leaf(namespace, field, text) for field, text in fields if text])
    return element


def render_refusal(call: Call, refusal: Refusal) -> etree._Element:
    """The status is the code of the first problem, the context says all of them."""
    told = " ".join(sentence(problem) for problem in refusal.problems)
    return response(call.transaction.response_root, status=refusal.code, context=told)
