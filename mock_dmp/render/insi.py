"""Writers of the answers of the INSi service: RESULTAT, and its faults with their siram:Erreur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from protocol import facts, insi, safexml
from protocol.directory import InsNumber, Patient
from protocol.folding import unaccented

_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class InsiFault:
    """A fault: `subcode` is the family (siram_100), `code` the error in it (desir_550), `text` for the user."""

    subcode: str
    code: str
    text: str
    error: str
    severity: Literal["erreur", "fatal"] = "fatal"
    soap_code: Literal["Sender", "Receiver"] = "Sender"


def result(code: str, patient: Patient | None = None) -> etree._Element:
    """RESULTAT: CR alone, or with the one INDIVIDU: active INS, older ones, traits without accents nor ligatures."""
    root = etree.Element(_name("RESULTAT"), nsmap={None: insi.RESULT})
    report = etree.SubElement(root, _name("CR"))
    _leaf(report, "CodeCR", code)
    _leaf(report, "LibelleCR", insi.LABELS[code])
    if patient is not None:
        person = etree.SubElement(root, _name("INDIVIDU"))
        _identifier(etree.SubElement(person, _name("INSACTIF")), patient.ins)
        for older in patient.other_ins:
            _identifier(etree.SubElement(person, _name("INSHISTO")), older)
        _traits(etree.SubElement(person, _name("TIQ")), patient)
    return root


def fault(said: InsiFault) -> etree._Element:
    """soap:Fault, with the detail that the service puts in it."""
    root = etree.Element(_soap("Fault"), nsmap={"soap": facts.SOAP12, "siram": insi.SIRAM})
    code = etree.SubElement(root, _soap("Code"))
    etree.SubElement(code, _soap("Value")).text = f"soap:{said.soap_code}"
    etree.SubElement(etree.SubElement(code, _soap("Subcode")), _soap("Value")).text = f"soap:{said.subcode}"
    words = etree.SubElement(etree.SubElement(root, _soap("Reason")), _soap("Text"))
    words.set(_LANG, "fr")
    words.text = said.text
    detail = etree.SubElement(
        etree.SubElement(root, _soap("Detail")),
        f"{{{insi.SIRAM}}}Erreur",
        severite=said.severity,
        code=said.code,
    )
    detail.text = safexml.holdable(said.error)
    return root


def _identifier(parent: etree._Element, ins: InsNumber) -> None:
    number = etree.SubElement(parent, _name("IdIndividu"))
    _leaf(number, "NumIdentifiant", ins.number[:13])
    _leaf(number, "Cle", ins.number[13:])
    _leaf(parent, "OID", ins.oid)


def _traits(parent: etree._Element, patient: Patient) -> None:
    born = patient.birth_stamp
    _leaf(parent, "NomNaissance", unaccented(patient.family_birth))
    if patient.given:
        _leaf(parent, "Prenom", unaccented(patient.given[0]))
        _leaf(parent, "ListePrenom", unaccented(" ".join(patient.given)))
    _leaf(parent, "Sexe", patient.sex)
    _leaf(parent, "DateNaissance", f"{born[:4]}-{born[4:6]}-{born[6:]}")
    _leaf(parent, "LieuNaissance", patient.birth_place.insee)


def _leaf(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _name(name)).text = safexml.holdable(text)


def _name(local: str) -> str:
    return f"{{{insi.RESULT}}}{local}"


def _soap(local: str) -> str:
    return f"{{{facts.SOAP12}}}{local}"
