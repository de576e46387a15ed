"""The header of a CDA document for a reader. Its body is never rendered: the bytes are shown as text."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from mock_dmp.ui.blocks import Row, row
from protocol import facts, safexml

ROOT = f"{{{facts.HL7}}}ClinicalDocument"
_MOST = 10


def rows(root: etree._Element) -> Iterator[Row]:
    """Facts of the header."""
    value = safexml.value
    title = value(root, "hl7:title")
    yield row("Titre", "Title", title)
    yield row("Type", "Type", *_code(root, "hl7:code"))
    yield row("Identifiant", "Id", _ii(root, "hl7:id"))
    version = value(root, "hl7:versionNumber/@value")
    yield row("Lot de versions", "Version set", _ii(root, "hl7:setId"), f"v{version}" if version else "")
    yield row("Créé le", "Created", value(root, "hl7:effectiveTime/@value"))
    yield row("Confidentialité", "Confidentiality", *_code(root, "hl7:confidentialityCode"))
    yield row("Langue", "Language", value(root, "hl7:languageCode/@code"))
    yield from _patient(root)
    for author in safexml.xpath(root, "hl7:author/hl7:assignedAuthor")[:_MOST]:
        yield row("Auteur", "Author", _person(author, "hl7:assignedPerson/hl7:name"), _ii(author, "hl7:id"))
        yield row(
            "Structure de l'auteur",
            "Author's organisation",
            value(author, "hl7:representedOrganization/hl7:name"),
        )
    signer = "hl7:legalAuthenticator/hl7:assignedEntity/hl7:assignedPerson/hl7:name"
    yield row("Responsable légal", "Legal authenticator", _person(root, signer))
    keeper = "hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:name"
    yield row("Conservateur", "Custodian", value(root, keeper))
    yield row("Corps", "Body", *_body(root))


def _patient(root: etree._Element) -> Iterator[Row]:
    role = "hl7:recordTarget/hl7:patientRole"
    ids = [
        f"{one.get('extension', '')} ({one.get('root', '')})" for one in safexml.xpath(root, f"{role}/hl7:id")
    ]
    yield row("Patient", "Patient", _person(root, f"{role}/hl7:patient/hl7:name"), ", ".join(ids[:_MOST]))
    yield row("Né le", "Born", safexml.value(root, f"{role}/hl7:patient/hl7:birthTime/@value"))


def _body(root: etree._Element) -> tuple[str, str]:
    text = "hl7:component/hl7:nonXMLBody/hl7:text"
    if safexml.xpath(root, "hl7:component/hl7:nonXMLBody"):
        return "nonXMLBody (CDA R2 N1)", safexml.value(root, f"{text}/@mediaType")
    sections = safexml.xpath(root, "hl7:component/hl7:structuredBody/hl7:component/hl7:section")
    titles = [safexml.value(one, "hl7:title") for one in sections[:_MOST]]
    return f"structuredBody (CDA R2 N3), {len(sections)}", " · ".join(titles)


def _person(element: etree._Element, path: str) -> str:
    parts = [
        safexml.text(one)
        for name in ("prefix", "given", "family")
        for one in safexml.xpath(element, f"{path}[1]/hl7:{name}")[:_MOST]
    ]
    return " ".join(dict.fromkeys(parts))  # the same name may be given as birth and as usual name


def _code(root: etree._Element, path: str) -> tuple[str, str]:
    code, system = (safexml.value(root, f"{path}/@{name}") for name in ("code", "codeSystem"))
    return " · ".join(filter(None, (code, system))), safexml.value(root, f"{path}/@displayName")


def _ii(element: etree._Element, path: str) -> str:
    return " ".join(
        filter(None, (safexml.value(element, f"{path}/@{name}") for name in ("extension", "root")))
    )
