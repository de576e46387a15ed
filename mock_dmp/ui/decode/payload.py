"""The payload of a message, by the decoder of its root; any other as a table of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from mock_dmp.ui.blocks import Block, guarded, row
from mock_dmp.ui.decode import leaves, metadata
from protocol import facts, safexml
from protocol.errors import Text

_METADATA = Text("Métadonnées XDS", "XDS metadata")
_HL7 = Text("Message HL7 v3", "HL7 v3 message")
_VALUES = Text("Toutes les valeurs du corps", "Every value of the body")
_DECODERS: dict[str, Callable[[etree._Element], Iterator[Block]]] = {
    f"{{{facts.XDSB}}}ProvideAndRegisterDocumentSetRequest": metadata.objects,
    f"{{{facts.LCM}}}SubmitObjectsRequest": metadata.objects,
    f"{{{facts.QUERY}}}AdhocQueryResponse": metadata.objects,
    f"{{{facts.QUERY}}}AdhocQueryRequest": metadata.query,
    f"{{{facts.XDSB}}}RetrieveDocumentSetRequest": metadata.retrieve,
}


def blocks(payload: etree._Element) -> Iterator[Block]:
    """What the payload says."""
    decode = _DECODERS.get(str(payload.tag))
    if decode is not None and not _failed_query(payload):
        yield from guarded(_METADATA, lambda: decode(payload))
    elif str(payload.tag).startswith(f"{{{facts.HL7}}}"):
        yield _hl7(payload)
    small = decode is None
    yield leaves.block(payload, _VALUES, open_=small)


def _failed_query(payload: etree._Element) -> bool:
    """A query that failed answers without a list of objects, which is no fault of it."""
    return payload.find(f"{{{facts.RIM}}}RegistryObjectList") is None and payload.tag == (
        f"{{{facts.QUERY}}}AdhocQueryResponse"
    )


def _hl7(payload: etree._Element) -> Block:
    value = safexml.value
    patients = "(.//hl7:patientIdentifier/hl7:value | .//hl7:patient/hl7:id)[1]"
    return Block(
        _HL7,
        (
            row("Interaction", "Interaction", value(payload, "hl7:interactionId/@extension")),
            row("Identifiant", "Id", value(payload, "hl7:id/@root"), value(payload, "hl7:id/@extension")),
            row("Créé le", "Created", value(payload, "hl7:creationTime/@value")),
            row("Traitement", "Processing", value(payload, "hl7:processingCode/@code")),
            row("Émetteur", "Sender", value(payload, "hl7:sender/hl7:device/hl7:id/@root")),
            row("Logiciel", "Software", value(payload, "hl7:sender/hl7:device/hl7:softwareName")),
            row("Destinataire", "Receiver", value(payload, "hl7:receiver/hl7:device/hl7:id/@root")),
            row("Motif", "Reason", value(payload, "hl7:controlActProcess/hl7:reasonCode/@code")),
            row(
                "Patient",
                "Patient",
                value(payload, f"{patients}/@extension"),
                value(payload, f"{patients}/@root"),
            ),
            row(
                "Accusé",
                "Acknowledgement",
                value(
                    payload,
                    "(.//hl7:acknowledgement/@typeCode | .//hl7:acknowledgement/hl7:typeCode/@code)[1]",
                ),
                value(payload, ".//hl7:queryAck/hl7:queryResponseCode/@code"),
            ),
        ),
    )
