"""CDA documents of a submission: well-formed, true to the schema if one is given, same header as the entry.

Only documents that say they are CDA (text/xml, application/xslt+xml, HL7 CDA). Schematron is for the harness.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.contents import bytes_of
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts, safexml
from protocol.errors import IdentifierError, XmlRefused
from protocol.identifiers.cx import parse_cx

_CDA = frozenset({"text/xml", "application/xml", "application/xslt+xml", "application/hl7-v3+xml"})


@MESSAGE.rule("CDA-WELL-FORMED")
def well_formed(filing: Filing) -> Iterator[Breach]:
    """XML without DTD (EX_2.1-1071)."""
    for entry in _cda_entries(filing):
        try:
            _parse(filing, entry)
        except XmlRefused as problem:
            yield Breach(label(entry), problem.message(), "un document CDA en XML bien formé, sans DTD")


@MESSAGE.rule("CDA-SCHEMA")
def schema(filing: Filing) -> Iterator[Breach]:
    """Valid against the XSD that the session names; none by default."""
    path = str(filing.settings.switch("cda_schema"))
    if not path:
        return
    try:
        checker = etree.XMLSchema(etree.parse(Path(path), etree.XMLParser(no_network=True)))
    except (OSError, etree.LxmlError) as problem:
        yield Breach("réglage cda_schema", f"{path} : {problem}", "le chemin d'un schéma XSD lisible")
        return
    for entry in _cda_entries(filing):
        root = _readable(filing, entry)
        if root is not None and not checker.validate(root):
            for error in checker.error_log:
                yield Breach(f"{label(entry)}, ligne {error.line}", error.message, "le schéma du CDA")


@MESSAGE.rule("CDA-COHERENCE")
def coherence(filing: Filing) -> Iterator[Breach]:
    """The entry says what the header says: ids, patient, type, language, title (ANS mapping)."""
    for entry in _cda_entries(filing):
        root = _readable(filing, entry)
        if root is None or root.tag != f"{{{facts.HL7}}}ClinicalDocument":
            continue
        for attribute, declared, written in _pairs(entry, root):
            if declared != written:
                yield Breach(label(entry, attribute), declared or "absent", f"{written} (en-tête du CDA)")


def _pairs(entry: RegistryObject, root: etree._Element) -> Iterator[tuple[str, str, str]]:
    types = entry.codes(facts.DE_TYPE)
    yield "uniqueId", entry.unique_id, _document_id(root)
    yield "typeCode", types[0].code if types else "", safexml.value(root, "hl7:code/@code")
    yield "languageCode", entry.slot("languageCode"), safexml.value(root, "hl7:languageCode/@code")
    yield "title", entry.title, safexml.value(root, "hl7:title")
    patients = {
        (item.get("root", ""), item.get("extension", ""))
        for item in safexml.xpath(root, "hl7:recordTarget/hl7:patientRole/hl7:id")
    }
    try:
        declared = parse_cx(entry.patient_id)
    except IdentifierError:
        return  # said by XDS-PATIENT-ID-FORMAT
    if (declared.oid, declared.id) not in patients:
        yield "patientId", entry.patient_id, ", ".join(f"{ext} ({oid})" for oid, ext in sorted(patients))


def _document_id(root: etree._Element) -> str:
    oid, extension = safexml.value(root, "hl7:id/@root"), safexml.value(root, "hl7:id/@extension")
    return f"{oid}^{extension}" if extension else oid


def _cda_entries(filing: Filing) -> Iterator[RegistryObject]:
    for entry in filing.document_entries:
        if entry.mime_type.lower() in _CDA and bytes_of(filing, entry) is not None:
            yield entry


def _readable(filing: Filing, entry: RegistryObject) -> etree._Element | None:
    try:
        return _parse(filing, entry)
    except XmlRefused:
        return None


def _parse(filing: Filing, entry: RegistryObject) -> etree._Element | None:
    document = bytes_of(filing, entry)
    if document is None:
        return None
    return filing.once(
        "cda", entry, lambda: safexml.parse(document.read(), max_bytes=max(document.size, 1), huge=True)
    )
