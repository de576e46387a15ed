"""The view of a SOAP envelope: versions, WS-Addressing, WS-Security, the payload.

How it was packed is left to protocol.soap, and what must be there to the caller: this only refuses what can't
be read in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from protocol import facts
from protocol.errors import NO_TEXT, SoapError, Text
from protocol.safexml import path_of, text, xpath

Version = Literal["1.1", "1.2"]

_VERSIONS: Final[dict[str, Version]] = {facts.SOAP12: "1.2", facts.SOAP11: "1.1"}
_ADDRESSING: Final = ("Action", "MessageID", "To", "ReplyTo", "From", "FaultTo", "RelatesTo")
#: WS-Addressing 1.0 Core 3.2: these occur once at most; RelatesTo may be repeated.
_ONCE: Final = frozenset(_ADDRESSING) - {"RelatesTo"}
_TRUE: Final = frozenset({"1", "true"})
_FALSE: Final = frozenset({"", "0", "false"})
#: Headers for anybody else are not ours to understand (SOAP 1.2 part 1, 2.2).
_OUR_ROLES: Final = frozenset(
    {
        "",
        f"{facts.SOAP12}/role/ultimateReceiver",
        f"{facts.SOAP12}/role/next",
        "http://schemas.xmlsoap.org/soap/actor/next",
    }
)


@dataclass(frozen=True)
class Addressing:
    """WS-Addressing 1.0 headers. `action` and `message_id` are "" when absent; the others None when absent,
    since an empty `To` is legal. `must_understand` holds local names (`Action`…)."""

    action: str
    message_id: str
    to: str | None
    reply_to: str | None
    relates_to: str | None
    must_understand: frozenset[str]


@dataclass(frozen=True)
class Envelope:
    """`body` is the payload: the one child element of Body. `security` are the wsse:Security headers and
    `assertions` the SAML 2.0 assertions directly in them: both may hold none or several, callers must look.
    `not_understood` are `{ns}name` of headers with mustUnderstand that nothing here knows."""

    version: Version
    root: etree._Element
    header: etree._Element | None
    body: etree._Element
    addressing: Addressing
    security: tuple[etree._Element, ...]
    assertions: tuple[etree._Element, ...]
    not_understood: tuple[str, ...]


def read_envelope(root: etree._Element, *, lenient_soap11: bool = False) -> Envelope:
    """View a parsed envelope (SOAP 1.2 part 1, section 5; 1.1 by the switch, INFERRED from a capture).

    Raises SoapError: SOAP-VERSION, SOAP-ROOT, SOAP-STRUCTURE, SOAP-BODY-EMPTY, SOAP-BODY-SEVERAL,
    SOAP-MUSTUNDERSTAND, SOAP-WSA-TWICE.
    """
    version = _version(root, lenient_soap11)
    namespace = facts.SOAP12 if version == "1.2" else facts.SOAP11
    header, body = _frame(root, namespace)
    blocks = _elements(header) if header is not None else []
    demanded = [block for block in blocks if _must_understand(block, namespace)]
    security = tuple(block for block in blocks if block.tag == f"{{{facts.WSSE}}}Security")
    return Envelope(
        version=version,
        root=root,
        header=header,
        body=_payload(body),
        addressing=_addressing(blocks, demanded),
        security=security,
        assertions=tuple(found for block in security for found in xpath(block, "saml:Assertion")),
        not_understood=tuple(str(block.tag) for block in demanded if not _known(block)),
    )


def _version(root: etree._Element, lenient_soap11: bool) -> Version:
    name = etree.QName(root)
    version = _VERSIONS.get(name.namespace or "") if name.localname == "Envelope" else None
    if version == "1.2" or (version == "1.1" and lenient_soap11):
        return version
    if name.localname == "Envelope":
        raise _refused(
            "SOAP-VERSION",
            Text("version de SOAP refusée", "SOAP version refused"),
            field="Envelope",
            found=name.namespace or "",
            expected=facts.SOAP12,
            mend=Text("écrire l'enveloppe en SOAP 1.2", "write the envelope in SOAP 1.2"),
        )
    raise _refused(
        "SOAP-ROOT",
        Text("la racine n'est pas une enveloppe SOAP", "the root is not a SOAP envelope"),
        found=name.text,
        expected=f"{{{facts.SOAP12}}}Envelope",
    )


def _frame(root: etree._Element, namespace: str) -> tuple[etree._Element | None, etree._Element]:
    children = _elements(root)
    names = [str(child.tag) for child in children]
    header, body = f"{{{namespace}}}Header", f"{{{namespace}}}Body"
    if names == [header, body]:
        return children[0], children[1]
    if names == [body]:
        return None, children[0]
    raise _refused(
        "SOAP-STRUCTURE",
        Text(
            "l'enveloppe contient autre chose que Header puis Body",
            "the envelope is not made of Header then Body",
        ),
        field="Envelope",
        found=", ".join(names)[:200],
        expected="Header?, Body",
    )


def _payload(body: etree._Element) -> etree._Element:
    children = _elements(body)
    if len(children) == 1:
        return children[0]
    if not children:
        raise _refused("SOAP-BODY-EMPTY", Text("Body est vide", "Body is empty"), field="Body", expected="1")
    raise _refused(
        "SOAP-BODY-SEVERAL",
        Text("Body contient plusieurs éléments", "Body has several elements"),
        field="Body",
        found=str(len(children)),
        expected="1",
    )


def _addressing(blocks: list[etree._Element], demanded: list[etree._Element]) -> Addressing:
    found: dict[str, etree._Element] = {}
    for block in blocks:
        name = etree.QName(block)
        if name.namespace != facts.WSA or name.localname not in _ADDRESSING:
            continue
        if name.localname in _ONCE and name.localname in found:
            raise _refused(
                "SOAP-WSA-TWICE",
                Text("en-tête WS-Addressing présent deux fois", "WS-Addressing header present twice"),
                field=path_of(block),
                found=name.localname,
                expected="1",
            )
        found.setdefault(name.localname, block)
    return Addressing(
        action=text(found.get("Action")),
        message_id=text(found.get("MessageID")),
        to=text(found["To"]) if "To" in found else None,
        reply_to=_address(found["ReplyTo"]) if "ReplyTo" in found else None,
        relates_to=text(found["RelatesTo"]) if "RelatesTo" in found else None,
        must_understand=frozenset(
            etree.QName(block).localname for block in demanded if etree.QName(block).namespace == facts.WSA
        ),
    )


def _address(reply_to: etree._Element) -> str:
    return text(reply_to.find(f"{{{facts.WSA}}}Address"))


def _must_understand(block: etree._Element, namespace: str) -> bool:
    raw = (block.get(f"{{{namespace}}}mustUnderstand") or "").strip()
    if raw not in _TRUE | _FALSE:
        raise _refused(
            "SOAP-MUSTUNDERSTAND",
            Text("valeur de mustUnderstand invalide", "invalid mustUnderstand value"),
            field=path_of(block),
            found=raw[:50],
            expected="true, false, 1, 0",
        )
    role = block.get(f"{{{namespace}}}{'role' if namespace == facts.SOAP12 else 'actor'}") or ""
    return raw in _TRUE and role.strip() in _OUR_ROLES


def _known(block: etree._Element) -> bool:
    name = etree.QName(block)
    if name.namespace == facts.WSA:
        return name.localname in _ADDRESSING
    return name.namespace == facts.WSSE and name.localname == "Security"


def _elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> SoapError:
    return SoapError(code, words, field=field, found=found, expected=expected, mend=mend)
