"""Documents of a submission beside their entries: each has the other, hash and size agree.

Hash and size are computed over the MIME part (or the inline base64) as it arrived, transfer coding undone.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.state.xds_objects import RegistryObject
from protocol.soap import Binary


def bytes_of(filing: Filing, entry: RegistryObject) -> Binary | None:
    """The document of an entry, ids compared as the session wants."""
    strict = filing.settings.severity("XDS-DOCUMENT-ID-CASE") == "refuse"
    return filing.sent.document(entry.id, same_case=strict)


@MESSAGE.rule("XDS-DOCUMENT-ID-CASE")
def document_id_case(filing: Filing) -> Iterator[Breach]:
    """Document/@id and entry id are equal, case included (a published sample differs)."""
    ids = {entry.id for entry in filing.sent.entries}
    lowered = {identifier.lower(): identifier for identifier in ids}
    for name in filing.sent.documents:
        if name not in ids and name.lower() in lowered:
            yield Breach("xds:Document/@id", name, lowered[name.lower()])


@MESSAGE.rule("XDS-DOCUMENTS")
def missing_document(filing: Filing) -> Iterator[Breach]:
    """Each entry has its bytes (ITI TF-2 3.41.4.1.3)."""
    for entry in filing.sent.entries:
        if bytes_of(filing, entry) is None:
            found = "xop:Include sans partie MIME" if entry.id in filing.sent.dangling else "aucun document"
            yield Breach(label(entry), found, f"xds:Document[@id='{entry.id}']")


@MESSAGE.rule("XDS-DOCUMENT-METADATA")
def missing_entry(filing: Filing) -> Iterator[Breach]:
    """Each document has its entry (ITI TF-2 3.41.4.1.3)."""
    strict = filing.settings.severity("XDS-DOCUMENT-ID-CASE") == "refuse"
    ids = {entry.id if strict else entry.id.lower() for entry in filing.sent.entries}
    for name in (*filing.sent.documents, *filing.sent.dangling):
        if (name if strict else name.lower()) not in ids:
            yield Breach(
                f"xds:Document/@id {name}", "aucune fiche de cet id", "un ExtrinsicObject de même id"
            )


@MESSAGE.rule("XDS-HASH")
def declared_hash(filing: Filing) -> Iterator[Breach]:
    """The declared hash is that of the bytes received."""
    for entry in filing.sent.entries:
        document, declared = bytes_of(filing, entry), entry.slot("hash")
        if document is not None and declared and declared.lower() != document.sha1.lower():
            yield Breach(label(entry, "hash"), declared, f"{document.sha1} (SHA-1 des octets reçus)")


@MESSAGE.rule("XDS-SIZE")
def declared_size(filing: Filing) -> Iterator[Breach]:
    """The declared size is that of the bytes received."""
    for entry in filing.sent.entries:
        document, declared = bytes_of(filing, entry), entry.slot("size")
        if document is not None and declared and declared.strip() != str(document.size):
            yield Breach(label(entry, "size"), declared, f"{document.size} (octets reçus)")
