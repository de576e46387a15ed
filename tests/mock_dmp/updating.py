"""Builders of metadata updates (ITI-57) for the tests of the mock: new versions and status changes."""

from __future__ import annotations

import itertools
from copy import deepcopy
from dataclasses import dataclass, field
from uuid import uuid4

from lxml import etree

from protocol import facts
from tests.mock_dmp.builders import Answered, Lps, Who, el, ins, oid
from tests.mock_dmp.submissions import author, code, identifier, name, query, slot

_COUNTER = itertools.count(1)
ANY_STATUS = (facts.APPROVED, facts.DEPRECATED, facts.ARCHIVED, facts.DELETED)
MT = Who(professional="medecin-traitant")


def registered(lps: Lps, unique_id: str, patient: str, who: Who = MT) -> etree._Element:
    """The latest version of a document, as TD3.1 gives it."""
    asked = query(facts.Q_GET_DOCUMENTS, slot("$XDSDocumentEntryUniqueId", f"('{unique_id}')"))
    answer = lps.send("TD3.1", asked, who.on(patient))
    found = answer.all(".//rim:ExtrinsicObject")
    assert len(found) == 1, (answer.xds, answer.errors, len(found))
    return found[0]


def version_of(entry: etree._Element) -> str:
    return str(entry.xpath("string(rim:VersionInfo/@versionName)", namespaces=facts.NS))


def codes_of(entry: etree._Element) -> list[str]:
    path = f"rim:Classification[@classificationScheme='{facts.DE_CONFIDENTIALITY}']/@nodeRepresentation"
    return [str(one) for one in entry.xpath(path, namespaces=facts.NS)]


def status_of(entry: etree._Element) -> str:
    return str(entry.get("status")).rpartition(":")[2]


@dataclass
class Update:
    """An update to build: its operations are added by the methods."""

    patient: str
    professional: str = "medecin"
    structure: str = "cabinet"
    unique_id: str = field(default_factory=oid)
    objects: list[etree._Element] = field(default_factory=list)

    def version(
        self,
        entry: etree._Element,
        *confidentiality: str,
        previous: str | None = "",
        own: str = "",
        lid: str | None = "",
    ) -> Update:
        """A new version with these codes; "" takes what the entry says, None leaves out."""
        copy = deepcopy(entry)
        identity = own or f"Version{next(_COUNTER)}"
        copy.set("id", identity)
        if lid is None:
            del copy.attrib["lid"]
        elif lid:
            copy.set("lid", lid)
        for part in list(copy):
            if part.get("classificationScheme") == facts.DE_CONFIDENTIALITY:
                copy.remove(part)
            elif part.tag.endswith("}Classification"):
                part.set("classifiedObject", identity)
            elif part.tag.endswith("}ExternalIdentifier"):
                part.set("registryObject", identity)
        for value in confidentiality:
            system = facts.OID_CONFIDENTIALITY if value == "N" else facts.OID_VISIBILITY
            copy.append(code(identity, facts.DE_CONFIDENTIALITY, value, system))
        slots = [slot("SubmissionSetStatus", "Original")]
        if previous is not None:
            slots.append(slot("PreviousVersion", previous or version_of(entry)))
        self.objects += [copy, self._link(facts.HAS_MEMBER, identity, *slots)]
        return self

    def status(self, target: str, original: str, new: str) -> Update:
        slots = [
            slot(key, value) for key, value in (("OriginalStatus", original), ("NewStatus", new)) if value
        ]
        self.objects.append(self._link(facts.UPDATE_STATUS, target, *slots))
        return self

    def build(self) -> etree._Element:
        own, patient_id = "Set01", ins(self.patient)
        package = el(
            "rim:RegistryPackage",
            {"id": own},
            slot("submissionTime", "20260120100000"),
            el(
                "rim:Classification",
                {"id": "cl", "classifiedObject": own, "classificationNode": facts.SUBMISSION_SET},
            ),
            author(own, facts.SS_AUTHOR, self.professional, self.structure),
            code(own, facts.SS_CONTENT_TYPE, "07", "1.2.250.1.213.2.2"),
            identifier(own, facts.SS_PATIENT_ID, patient_id, "XDSSubmissionSet.patientId"),
            identifier(own, facts.SS_SOURCE_ID, "1.2.3.4.5", "XDSSubmissionSet.sourceId"),
            identifier(own, facts.SS_UNIQUE_ID, self.unique_id, "XDSSubmissionSet.uniqueId"),
        )
        package.append(name("Mise à jour"))
        listing = el("rim:RegistryObjectList", {}, package, *self.objects)
        return el("lcm:SubmitObjectsRequest", {}, listing)

    def send(self, lps: Lps, who: Who | None = None) -> Answered:
        told = who or Who(professional=self.professional, structure=self.structure)
        return lps.send("TD3.3", self.build(), told.on(self.patient))

    def _link(self, kind: str, target: str, *slots: etree._Element) -> etree._Element:
        return el(
            "rim:Association",
            {
                "id": f"urn:uuid:{uuid4()}" if next(_COUNTER) % 2 else f"a{next(_COUNTER)}",
                "associationType": kind,
                "sourceObject": "Set01",
                "targetObject": target,
            },
            *slots,
        )
