"""Facts and views of the INSi service of the health insurance (another server than the DMP): who has which INS?

Two operations: by identity traits (RECSANSVITALE), by data read on a Vitale card (RECVITALE). Sources: the interface
as public test notes quote it; the action of the second operation is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text

TRAITS: Final = "http://www.cnamts.fr/INSiRecSans"
VITALE: Final = "http://www.cnamts.fr/INSiRecVit"
RESULT: Final = "http://www.cnamts.fr/INSiResultat"
SIRAM: Final = "urn:siram"
_BAM: Final = "urn:siram:bam:ctxbam"
_LPS: Final = "urn:siram:lps:ctxlps"
ACTION: Final = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"

ONE: Final = "00"
NONE: Final = "01"
SEVERAL: Final = "02"
#: Labels of the codes, as the service writes them (no accents).
LABELS: Final = {ONE: "OK", NONE: "Aucune identite trouvee", SEVERAL: "Plusieurs identites trouvees"}


@dataclass(frozen=True, slots=True)
class InsiQuestion:
    """What is asked, "" or () where nothing is. `birth` is YYYY-MM-DD, lunar dates too; `place` an INSEE code.

    Traits: `family` to `place`. Vitale: `individual` and `insured` (NIR of the person, of the insured), `birth`,
    `rank`, and `family` when the card holds it. `idam`, `context` come from the header ContexteLPS (`context` False:
    there is none).
    """

    operation: str
    message_id: str
    action: str
    context: bool
    idam: str
    family: str = ""
    given: tuple[str, ...] = ()
    sex: str = ""
    birth: str = ""
    place: str = ""
    individual: str = ""
    insured: str = ""
    rank: str = ""


def read_question(data: bytes) -> InsiQuestion:
    """Read one SOAP message.

    Raises XmlRefused (unreadable), MetadataError (no SOAP 1.2 envelope, no known question).
    """
    root = safexml.parse(data)
    body = root.find(f"{{{facts.SOAP12}}}Body")
    if root.tag != f"{{{facts.SOAP12}}}Envelope" or body is None:
        raise _unknown(str(root.tag), f"{{{facts.SOAP12}}}Envelope")
    payload = next((child for child in body if isinstance(child.tag, str)), None)
    header = root.find(f"{{{facts.SOAP12}}}Header")
    lps = None if header is None else header.find(f"{{{_LPS}}}ContexteLPS")
    told = InsiQuestion(
        operation="",
        message_id=_text(header, facts.WSA, "MessageID"),
        action=_text(header, facts.WSA, "Action"),
        context=lps is not None and header is not None and header.find(f"{{{_BAM}}}ContexteBAM") is not None,
        idam=_text(lps, _LPS, "LPS", "IDAM"),
    )
    if payload is not None and payload.tag == f"{{{TRAITS}}}RECSANSVITALE":
        return replace(
            told,
            operation="RECSANSVITALE",
            family=_text(payload, TRAITS, "NomNaissance"),
            given=tuple(safexml.text(one) for one in payload.findall(f"{{{TRAITS}}}Prenom")),
            sex=_text(payload, TRAITS, "Sexe"),
            birth=_text(payload, TRAITS, "DateNaissance"),
            place=_text(payload, TRAITS, "LieuNaissance"),
        )
    if payload is not None and payload.tag == f"{{{VITALE}}}RECVITALE":
        return replace(
            told,
            operation="RECVITALE",
            family=_text(payload, VITALE, "NomNaissance"),
            birth=_text(payload, VITALE, "DateNaissance"),
            rank=_text(payload, VITALE, "RangNaissance"),
            individual=_number(payload, "MatriculeIndividu"),
            insured=_number(payload, "MatriculeOD"),
        )
    raise _unknown("absent" if payload is None else str(payload.tag), "RECSANSVITALE | RECVITALE")


def _number(payload: etree._Element, name: str) -> str:
    """NIR and key of a Matricule, together."""
    parts = [_text(payload, VITALE, name, part) for part in ("NumIdentifiant", "Cle")]
    return "".join(parts)


def _text(parent: etree._Element | None, namespace: str, *names: str) -> str:
    path = "/".join(f"{{{namespace}}}{name}" for name in names)
    return "" if parent is None else safexml.text(parent.find(path))


def _unknown(found: str, expected: str) -> MetadataError:
    return MetadataError(
        "INSI-001",
        Text("ce n'est pas une question du téléservice INSi", "this is no question of the INSi service"),
        found=found,
        expected=expected,
    )
