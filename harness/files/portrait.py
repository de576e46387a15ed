"""What a judged file is, for the counts of an archive: its type, the template it claims, who produced it, with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from harness.checks.xpath import first, string, strings
from protocol import facts

_DOCUMENT: Final = f"{{{facts.HL7}}}ClinicalDocument"
#: Claimed by every document: they don't tell one type from another.
_GENERIC: Final = (
    "2.16.840.1.113883.2.8.2.1",
    "1.2.250.1.213.1.1.1.1",
    "1.3.6.1.4.1.19376.1.2.20",
    "1.3.6.1.4.1.19376.1.5.3.1.1.1",
)
_DEVICE: Final = "hl7:author/hl7:assignedAuthor/hl7:assignedAuthoringDevice"
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Portrait:
    """`type`: code of the document (LOINC…) or transaction; `label`: its own words; `template`: OID^extension of the
    volet it claims; `producer`: custodian; `software`: authoring device. Any may be ""."""

    type: str = ""
    label: str = ""
    template: str = ""
    producer: str = ""
    software: str = ""


NOBODY: Final = Portrait()


def portrait(root: etree._Element | None) -> Portrait:
    """The portrait of a CDA document; the one inside, when it carries its style sheet."""
    if root is not None and root.tag != _DOCUMENT:
        root = first(root, ".//hl7:ClinicalDocument")
    if root is None:
        return NOBODY
    claimed = [
        "^".join(filter(None, (item.get("root"), item.get("extension"))))
        for item in root.iterchildren(f"{{{facts.HL7}}}templateId")
        if item.get("root") not in _GENERIC
    ]
    software = strings(root, f"{_DEVICE}/hl7:softwareName | {_DEVICE}/hl7:manufacturerModelName")
    found = (
        string(root, "hl7:code/@code"),
        string(root, "hl7:code/@displayName"),
        claimed[-1] if claimed else "",
        string(root, "hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:name"),
        " / ".join(dict.fromkeys(software)),
    )
    return Portrait(*(" ".join(value.split())[:_LONGEST] for value in found))
