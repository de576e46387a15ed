"""A document entry as the answer of TD3.1 gives it, for messages that copy one (TD3.3)."""

from __future__ import annotations

from protocol import directory, facts

PATIENT = "alimentation"
ENTRY_UUID = "urn:uuid:0f1e2d3c-4b5a-4697-8888-00000000000a"
UNIQUE_ID = "1.2.250.1.999.1.1.8121.77"


def entry(*visibility: str, version: str = "1") -> str:
    """ExtrinsicObject of the patient `alimentation`, by the physician of the practice, as XML text."""
    ins = directory.patients()[PATIENT].ins
    who, where = directory.professionals()["medecin"], directory.structures()["cabinet"]
    cx = f"{ins.number}^^^&amp;{ins.oid}&amp;ISO^NH"
    xcn = f"{who.ps_id}^{who.family}^{who.given}^^^^^^&amp;{facts.OID_PS}&amp;ISO^D^^^IDNPS"
    xon = f"{where.name}^^^^^&amp;{facts.OID_STRUCTURE}&amp;ISO^IDNST^^^{where.struct_id}"
    codes = [
        (facts.DE_CLASS, "10", "1.2.250.1.213.1.1.4.1"),
        (facts.DE_TYPE, "11488-4", "2.16.840.1.113883.6.1"),
        (facts.DE_FORMAT, "urn:ihe:iti:xds-sd:text:2008", "1.3.6.1.4.1.19376.1.2.3"),
        (facts.DE_FACILITY, "SA07", facts.OID_SECTORS),
        (facts.DE_PRACTICE, "AMBULATOIRE", "1.2.250.1.213.1.1.4.9"),
        (facts.DE_CONFIDENTIALITY, "N", facts.OID_CONFIDENTIALITY),
        *((facts.DE_CONFIDENTIALITY, code, facts.OID_VISIBILITY) for code in visibility),
    ]
    slots = {
        "creationTime": "20260110090000",
        "hash": "0123456789abcdef0123456789abcdef01234567",
        "languageCode": "fr-FR",
        "legalAuthenticator": xcn,
        "repositoryUniqueId": facts.OID_REPOSITORY,
        "serviceStartTime": "20260110080000",
        "size": "1234",
        "sourcePatientId": cx,
        "sourcePatientInfo": "PID-5|DEPOT^HUGO^^^^^L",
    }
    return (
        f'<rim:ExtrinsicObject xmlns:rim="{facts.RIM}" id="{ENTRY_UUID}" lid="{ENTRY_UUID}" mimeType="text/xml" '
        f'objectType="{facts.STABLE_DOCUMENT}" status="{facts.APPROVED}" isOpaque="false">'
        + "".join(_slot(name, value) for name, value in slots.items())
        + '<rim:Name><rim:LocalizedString value="Compte rendu"/></rim:Name>'
        + f'<rim:VersionInfo versionName="{version}"/>'
        + f'<rim:Classification id="{_uuid(0)}" classificationScheme="{facts.DE_AUTHOR}" '
        + f'classifiedObject="{ENTRY_UUID}" nodeRepresentation="">'
        + _slot("authorPerson", xcn)
        + _slot("authorInstitution", xon)
        + "</rim:Classification>"
        + "".join(
            f'<rim:Classification id="{_uuid(rank)}" classificationScheme="{scheme}" '
            f'classifiedObject="{ENTRY_UUID}" nodeRepresentation="{code}">{_slot("codingScheme", system)}'
            f'<rim:Name><rim:LocalizedString value="libellé"/></rim:Name></rim:Classification>'
            for rank, (scheme, code, system) in enumerate(codes, 1)
        )
        + _identifier(20, facts.DE_PATIENT_ID, cx, "XDSDocumentEntry.patientId")
        + _identifier(21, facts.DE_UNIQUE_ID, UNIQUE_ID, "XDSDocumentEntry.uniqueId")
        + "</rim:ExtrinsicObject>"
    )


def _slot(name: str, value: str) -> str:
    return f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>'


def _identifier(rank: int, scheme: str, value: str, name: str) -> str:
    return (
        f'<rim:ExternalIdentifier id="{_uuid(rank)}" registryObject="{ENTRY_UUID}" identificationScheme="{scheme}" '
        f'value="{value}"><rim:Name><rim:LocalizedString value="{name}"/></rim:Name></rim:ExternalIdentifier>'
    )


def _uuid(rank: int) -> str:
    return f"urn:uuid:0f1e2d3c-4b5a-4697-9999-{rank:012x}"


#: Parameters of good messages of TD2.2 and TD3.3, by transaction.
GOOD = {
    "TD2.2": {"patient": PATIENT, "documents": [{"level1": {}}]},
    "TD3.3a": {"patient": PATIENT, "entry": entry()},
    "TD3.3b": {"patient": PATIENT, "entry": entry(facts.HIDDEN_FROM_PATIENT)},
    "TD3.3c": {"patient": PATIENT, "entry_uuid": ENTRY_UUID},
    "TD3.3d": {"patient": PATIENT, "entry_uuid": ENTRY_UUID},
}
