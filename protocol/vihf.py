"""Reads the VIHF: the SAML 2.0 assertion that tells who calls, for whom, from which software.

Refused is only what can't be read in one way. What a transaction demands, who may do what, dates, trust and
the signature are left to others: read the element that protocol.signature gave back, not the one received.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, cast

from lxml import etree

from protocol import facts
from protocol.coded import Coded
from protocol.errors import NO_TEXT, IdentifierError, Text, VihfError
from protocol.identifiers.cx import Cx, parse_cx
from protocol.safexml import path_of, text, xpath

Mode = Literal["DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE", ""]

INVISIBLE_REPRESENTANTS_LEGAUX: Final = "INVISIBLE_REPRESENTANTS_LEGAUX"

VERSION: Final = "VIHF_Version"
STRUCTURE: Final = "Identifiant_Structure"
SECTOR: Final = "Secteur_Activite"
MODE: Final = "Authentification_mode"
SUBJECT_ID: Final = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
ROLE: Final = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
RESOURCE_URN: Final = "Ressource_URN"
PURPOSE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
REASON: Final = "Mode_Acces_Raison"
CONFIDENTIALITY: Final = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
LPS_ID: Final = "LPS_ID"
LPS_NAME: Final = "LPS_Nom"
LPS_VERSION: Final = "LPS_Version"
WIRE_NUMBER: Final = "LPS_ID_HOMOLOGATION_DMP"

_MODES: Final = frozenset({"DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE", ""})
_ATTRIBUTE_VALUE: Final = f"{{{facts.SAML}}}AttributeValue"
#: xs:dateTime. SAML wants UTC; an offset is converted, none is read as UTC.
_DATE: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?", re.ASCII
)

_Values = dict[str, tuple[etree._Element, ...]]


@dataclass(frozen=True)
class Vihf:
    """One VIHF. Dates are in UTC. "" or None where an optional thing is absent; `mode` "" means not told.

    `attributes` maps every attribute name, as written, to its values: texts, or the code of coded values.
    `wire_number` is a secret of the vendor: never show it whole.
    """

    id: str
    issue_instant: datetime
    version: str
    issuer: str
    issuer_format: str
    name_id: str
    authn_instant: datetime
    authn_class: str
    authn_decl: str
    not_before: datetime | None
    not_on_or_after: datetime | None
    vihf_version: str
    structure: str
    sector: Coded | None
    mode: Mode
    subject_id: str
    roles: tuple[Coded, ...]
    patient: Cx | None
    resource_urn: str
    purpose: Coded | None
    reason: str
    secret: bool
    lps_id: str
    lps_name: str
    lps_version: str
    wire_number: str
    attributes: Mapping[str, tuple[str, ...]]


def read_vihf(assertion: etree._Element) -> Vihf:
    """Read a saml:Assertion as a VIHF 3.0 or 4.0 whose core elements, version, structure and role are there.

    Raises VihfError: VIHF-ASSERTION, VIHF-MISSING, VIHF-TWICE, VIHF-DATE, VIHF-VALUES, VIHF-CODE,
    VIHF-SECTOR, VIHF-MODE, VIHF-PATIENT, VIHF-CONFIDENTIALITY.
    """
    if assertion.tag != f"{{{facts.SAML}}}Assertion":
        raise _refused(
            "VIHF-ASSERTION",
            Text("l'élément n'est pas une assertion SAML 2.0", "the element is not a SAML 2.0 assertion"),
            found=str(assertion.tag),
            expected=f"{{{facts.SAML}}}Assertion",
        )
    issuer = _one(assertion, "saml:Issuer")
    authn = _one(assertion, "saml:AuthnStatement")
    conditions = _optional(assertion, "saml:Conditions")
    values = _attributes(assertion)
    return Vihf(
        id=_required(assertion, "ID"),
        issue_instant=_date(_required(assertion, "IssueInstant"), "Assertion/@IssueInstant"),
        version=_required(assertion, "Version"),
        issuer=_filled(issuer),
        issuer_format=(issuer.get("Format") or "").strip(),
        name_id=_filled(_one(_one(assertion, "saml:Subject"), "saml:NameID")),
        authn_instant=_date(_required(authn, "AuthnInstant"), "AuthnStatement/@AuthnInstant"),
        authn_class=_filled(_one(_one(authn, "saml:AuthnContext"), "saml:AuthnContextClassRef")),
        authn_decl=text(_optional(_one(authn, "saml:AuthnContext"), "saml:AuthnContextDecl")),
        not_before=_bound(conditions, "NotBefore"),
        not_on_or_after=_bound(conditions, "NotOnOrAfter"),
        vihf_version=_string(values, VERSION, required=True),
        structure=_string(values, STRUCTURE, required=True),
        sector=_sector(_string(values, SECTOR)),
        mode=_mode(values),
        subject_id=_string(values, SUBJECT_ID),
        roles=_roles(values),
        patient=_patient(_string(values, RESOURCE_ID)),
        resource_urn=_string(values, RESOURCE_URN),
        purpose=_purpose(values),
        reason=_string(values, REASON),
        secret=_secret(values),
        lps_id=_string(values, LPS_ID),
        lps_name=_string(values, LPS_NAME),
        lps_version=_string(values, LPS_VERSION),
        wire_number=_string(values, WIRE_NUMBER),
        attributes=MappingProxyType(
            {name: tuple(_plain(one) for one in found) for name, found in values.items()}
        ),
    )


def _attributes(assertion: etree._Element) -> _Values:
    found: _Values = {}
    seen: set[str] = set()
    for attribute in xpath(assertion, "saml:AttributeStatement/saml:Attribute"):
        name = (attribute.get("Name") or "").strip()
        # Two casings of this one name are in use; they are the same attribute.
        key = MODE if name.lower() == MODE.lower() else name
        if key in seen:
            raise _refused(
                "VIHF-TWICE",
                Text("attribut présent deux fois", "attribute present twice"),
                field=path_of(attribute),
                found=name[:200],
                expected="1",
            )
        seen.add(key)
        found[name] = tuple(child for child in attribute if child.tag == _ATTRIBUTE_VALUE)
    return found


def _named(values: _Values, name: str) -> tuple[etree._Element, ...]:
    if name != MODE:
        return values.get(name, ())
    return next((found for key, found in values.items() if key.lower() == name.lower()), ())


def _single(values: _Values, name: str) -> etree._Element | None:
    found = _named(values, name)
    if len(found) > 1:
        raise _refused(
            "VIHF-VALUES",
            Text("attribut à une seule valeur", "attribute with one value only"),
            field=name,
            found=str(len(found)),
            expected="1",
        )
    return found[0] if found else None


def _string(values: _Values, name: str, *, required: bool = False) -> str:
    found = text(_single(values, name))
    if required and not found:
        raise _missing(name)
    return found


def _plain(node: etree._Element) -> str:
    """Text of a value, or the code it holds: for tracing, not for deciding."""
    child = next((one for one in node if isinstance(one.tag, str)), None)
    return text(node) if child is None else (child.get("code") or text(node))


def _coded(node: etree._Element, local: str) -> Coded:
    """The CE in an AttributeValue: element `local` of HL7 v3, whatever its prefix."""
    children = [child for child in node if isinstance(child.tag, str)]
    if len(children) == 1 and children[0].tag == f"{{{facts.HL7}}}{local}":
        code, system = ((children[0].get(name) or "").strip() for name in ("code", "codeSystem"))
        if code:
            return Coded(code, system, (children[0].get("displayName") or "").strip())
    raise _refused(
        "VIHF-CODE",
        Text("valeur codée illisible", "unreadable coded value"),
        field=path_of(node),
        found=", ".join(str(child.tag) for child in children)[:200] or text(node)[:200],
        expected=f'<{local} xmlns="{facts.HL7}" code="…" codeSystem="…"/>',
    )


def _roles(values: _Values) -> tuple[Coded, ...]:
    found = _named(values, ROLE)
    if not found:
        raise _missing(ROLE)
    return tuple(_coded(node, "Role") for node in found)


def _purpose(values: _Values) -> Coded | None:
    node = _single(values, PURPOSE)
    return None if node is None else _coded(node, "PurposeOfUse")


def _sector(raw: str) -> Coded | None:
    if not raw:
        return None
    code, caret, system = raw.partition("^")
    if not caret or not code or not system or "^" in system:
        raise _refused(
            "VIHF-SECTOR",
            Text("secteur d'activité illisible", "unreadable sector of activity"),
            field=SECTOR,
            found=raw[:200],
            expected=f"SA07^{facts.OID_SECTORS}",
        )
    return Coded(code, system)


def _mode(values: _Values) -> Mode:
    found = _string(values, MODE)
    if found not in _MODES:
        raise _refused(
            "VIHF-MODE",
            Text("mode d'authentification inconnu", "unknown authentication mode"),
            field=MODE,
            found=found[:200],
            expected="DIRECTE, INDIRECTE, INDIRECTE_RENFORCEE",
        )
    return cast("Mode", found)


def _patient(raw: str) -> Cx | None:
    if not raw:
        return None
    try:
        return parse_cx(raw)
    except IdentifierError as problem:
        raise _refused(
            "VIHF-PATIENT",
            Text(
                f"identifiant du patient illisible ({problem.text.fr})",
                f"unreadable patient identifier ({problem.text.en})",
            ),
            field=f"{RESOURCE_ID} {problem.field}",
            found=raw[:200],
            expected="{INS}^^^&{OID}&ISO^NH",
        ) from problem


def _secret(values: _Values) -> bool:
    """Connexion secrète of a minor: a string or a coded element, sources differ (confidence B)."""
    node = _single(values, CONFIDENTIALITY)
    found = "" if node is None else _plain(node).split("^", 1)[0]
    if found not in ("", INVISIBLE_REPRESENTANTS_LEGAUX):
        # Reading it as "not secret" would show the legal representatives what they must not see.
        raise _refused(
            "VIHF-CONFIDENTIALITY",
            Text("code de confidentialité inconnu", "unknown confidentiality code"),
            field=CONFIDENTIALITY,
            found=found[:200],
            expected=INVISIBLE_REPRESENTANTS_LEGAUX,
        )
    return bool(found)


def _one(parent: etree._Element, expression: str) -> etree._Element:
    found = xpath(parent, expression)
    if not found:
        raise _missing(expression)
    return _at_most_one(found, expression)


def _optional(parent: etree._Element, expression: str) -> etree._Element | None:
    found = xpath(parent, expression)
    return _at_most_one(found, expression) if found else None


def _at_most_one(found: list[etree._Element], expression: str) -> etree._Element:
    if len(found) > 1:
        raise _refused(
            "VIHF-TWICE",
            Text("élément présent deux fois", "element present twice"),
            field=expression,
            found=str(len(found)),
            expected="1",
        )
    return found[0]


def _required(element: etree._Element, name: str) -> str:
    found = (element.get(name) or "").strip()
    if not found:
        raise _missing(f"{etree.QName(element).localname}/@{name}")
    return found


def _filled(element: etree._Element) -> str:
    found = text(element)
    if not found:
        raise _missing(path_of(element))
    return found


def _bound(conditions: etree._Element | None, name: str) -> datetime | None:
    raw = "" if conditions is None else (conditions.get(name) or "").strip()
    return _date(raw, f"Conditions/@{name}") if raw else None


def _date(raw: str, where: str) -> datetime:
    match = _DATE.fullmatch(raw)
    try:
        if match is None:
            raise ValueError(raw)
        moment = datetime.fromisoformat(match[1]).replace(
            microsecond=int((match[2] or "").ljust(6, "0")[:6]), tzinfo=UTC
        )
        offset = timedelta(hours=int(match[4] or 0), minutes=int(match[5] or 0))
        return moment + offset if match[3] == "-" else moment - offset
    except (ValueError, OverflowError):
        raise _refused(
            "VIHF-DATE",
            Text("date illisible", "unreadable date"),
            field=where,
            found=raw[:100],
            expected="2026-01-31T10:00:00Z",
        ) from None


def _missing(what: str) -> VihfError:
    return _refused(
        "VIHF-MISSING",
        Text("le VIHF est incomplet", "the VIHF is incomplete"),
        field=what,
        mend=Text(f"renseigner {what}", f"fill in {what}"),
    )


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> VihfError:
    return VihfError(code, words, field=field, found=found, expected=expected, mend=mend)
