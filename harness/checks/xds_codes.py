"""Rules of value sets: each coded attribute of TD2.1 belongs to its JDV, and the class is that of the type.

Editions of the value sets differ, and old official codes circulate: most are warnings, the plan may harden them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rim import (
    FEEDING,
    VERSIONS,
    code_text,
    codes,
    documents_entries,
    is_signature,
    sets,
)
from harness.checks.rule import Finding, Rule, check, verdict
from protocol import facts
from protocol.codes import class_of_type, value_set
from protocol.errors import Text

XDS = "XDS-CODES"
ON = (*FEEDING, *VERSIONS)


def _in_value_set(
    rule: str, attribute_name: str, scheme: str, jdv: str, confidence: str = "A"
) -> Rule[Judged]:
    """The rule "this coded attribute belongs to that value set", for one attribute."""

    @check(
        rule,
        on=ON,
        side="request",
        group=XDS,
        clause=f"JDV_{jdv}",
        title=Text(f"{attribute_name} est un code de JDV_{jdv}", f"{attribute_name} is a code of JDV_{jdv}"),
        mend=Text(
            f"prendre un code de l'édition en vigueur de JDV_{jdv}, avec son système",
            f"take a code of the current edition of JDV_{jdv}, with its system",
        ),
        confidence="A" if confidence == "A" else "B",
        default="warning",
    )
    def member(view: Judged) -> Iterator[Finding]:
        known = value_set(jdv)
        for item in _bearers(view, scheme):
            for code in codes(item, scheme):
                good = known.contains(code.code, code.scheme)
                yield verdict(good, view.at(code.element), code_text(code), f"∈ JDV_{jdv} ({known.version})")

    return member


def _bearers(view: Judged, scheme: str) -> Sequence[etree._Element]:
    return sets(view) if scheme == facts.SS_CONTENT_TYPE else documents_entries(view)


content_type = _in_value_set("CODE-CONTENT-TYPE", "contentTypeCode", facts.SS_CONTENT_TYPE, "J59", "B")
class_code = _in_value_set("CODE-CLASS", "classCode", facts.DE_CLASS, "J57")
type_code = _in_value_set("CODE-TYPE", "typeCode", facts.DE_TYPE, "J66")
format_code = _in_value_set("CODE-FORMAT", "formatCode", facts.DE_FORMAT, "J60", "B")
facility = _in_value_set("CODE-FACILITY", "healthcareFacilityTypeCode", facts.DE_FACILITY, "J61")
practice = _in_value_set("CODE-PRACTICE", "practiceSettingCode", facts.DE_PRACTICE, "J62")


@check(
    "CODE-CLASS-OF-TYPE",
    on=ON,
    side="request",
    group=XDS,
    clause="ASS_X04 : classe déduite du type",
    title=Text("La classe est celle que donne le type", "The class is the one that the type gives"),
    mend=Text("déduire classCode de typeCode par ASS_X04", "deduce classCode from typeCode by ASS_X04"),
)
def class_of(view: Judged) -> Iterator[Finding]:
    for item in documents_entries(view):
        for kind in codes(item, facts.DE_TYPE):
            expected = class_of_type(kind.code)
            if expected is not None:
                found = [code.code for code in codes(item, facts.DE_CLASS)]
                where = view.at(item) + "/classCode"
                yield verdict(found == [expected], where, " | ".join(found), f"{expected} ({kind.code})")


@check(
    "CODE-VACCINATION",
    on=ON,
    side="request",
    group=XDS,
    clause="EX_2.1-2005 : note de vaccination de confidentialité N seule",
    title=Text("Une note de vaccination n'est ni masquée ni invisible", "A vaccination note is never hidden"),
    mend=Text("confidentialityCode N seul", "confidentialityCode N alone"),
    requirements=("EX_2.1-2005",),
)
def vaccination(view: Judged) -> Iterator[Finding]:
    for item in documents_entries(view):
        if any(code.code == "87273-9" for code in codes(item, facts.DE_TYPE)) and not is_signature(item):
            found = [code.code for code in codes(item, facts.DE_CONFIDENTIALITY)]
            yield verdict(found == ["N"], view.at(item) + "/confidentialityCode", " | ".join(found), "N")
