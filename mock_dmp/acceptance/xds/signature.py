"""The signature document of a submission: there, tied to its set, true to the documents, truly signed.

The DMP asks one detached signature document a set (homologation samples); its manifest names every
document by `urn:oid:` and carries its digest.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.contents import bytes_of
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.services.xds.xades import ManifestReference, SignatureDocument, read_signature_document
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.errors import SignatureRefused, WireError

_HIDDEN = frozenset({"N", "MASQUE_PS", "INVISIBLE_PATIENT"})


@MESSAGE.rule("XDS-SIGNATURE-REQUIRED")
def one_signature_document(filing: Filing) -> Iterator[Breach]:
    """Exactly one entry is the signature document of the set."""
    if len(filing.signatures) != 1:
        yield Breach(
            "RegistryObjectList",
            f"{len(filing.signatures)} fiche(s) de signature",
            f"une fiche de formatCode {facts.DS}",
        )


@MESSAGE.rule("XDS-SIGNATURE-REQUIRED")
def signs_association(filing: Filing) -> Iterator[Breach]:
    """It signs the set, once."""
    packages = {package.id for package in filing.sent.sets}
    if len(packages) != 1:
        return  # said by XDS-STRUCTURE
    for entry in filing.signatures:
        links = [link for link in filing.links(facts.SIGNS) if link.source == entry.id]
        if [link.target for link in links if link.target in packages] != list(packages):
            yield Breach(label(entry), f"{len(links)} association(s) signs", "une, vers le lot de soumission")


@MESSAGE.rule("XDS-SIGNATURE-METADATA")
def signature_metadata(filing: Filing) -> Iterator[Breach]:
    """Its entry is hidden from all and has the language `art`."""
    for entry in filing.signatures:
        codes = {code.code for code in entry.codes(facts.DE_CONFIDENTIALITY)}
        if codes != _HIDDEN:
            yield Breach(
                label(entry, "confidentialityCode"), ", ".join(sorted(codes)), ", ".join(sorted(_HIDDEN))
            )
        if entry.slot("languageCode") != "art":
            yield Breach(label(entry, "languageCode"), entry.slot("languageCode") or "absent", "art")


@MESSAGE.rule("XDS-SIGNATURE-MANIFEST")
def readable(filing: Filing) -> Iterator[Breach]:
    """It is a ds:Signature with one manifest."""
    for entry in filing.signatures:
        try:
            _read(filing, entry)
        except WireError as problem:
            yield Breach(
                label(entry), f"{problem.text.fr} ({problem.found})", "ds:Signature avec un ds:Manifest"
            )


@MESSAGE.rule("XDS-SIGNATURE-MANIFEST")
def manifest(filing: Filing) -> Iterator[Breach]:
    """The manifest names the set and each document, with the digest of what was received."""
    for entry in filing.signatures:
        document = _readable(filing, entry)
        if document is None:
            continue
        named = {reference.uri: reference for reference in document.references}
        for package in filing.sent.sets:
            if f"urn:oid:{package.unique_id}" not in named:
                yield Breach(label(entry), "manifeste sans le lot", f"Reference urn:oid:{package.unique_id}")
        for signed in filing.document_entries:
            yield from _signed(filing, entry, signed, named.get(f"urn:oid:{signed.unique_id}"))


@MESSAGE.rule("XDS-SIGNATURE-CRYPTO")
def cryptography(filing: Filing) -> Iterator[Breach]:
    """Digests of SignedInfo and signature value hold with the certificate inside."""
    for entry in filing.signatures:
        document = _readable(filing, entry)
        if document is None:
            continue
        try:
            document.verify()
        except SignatureRefused as problem:
            yield Breach(label(entry), f"{problem.text.fr} ({problem.found})", "une signature XAdES juste")


def _signed(
    filing: Filing, entry: RegistryObject, signed: RegistryObject, reference: ManifestReference | None
) -> Iterator[Breach]:
    if reference is None:
        yield Breach(label(entry), "manifeste incomplet", f"Reference urn:oid:{signed.unique_id}")
        return
    received = bytes_of(filing, signed)
    if received is None:
        return  # said by XDS-MISSING-DOCUMENT
    try:
        same = reference.plainly(received.sha1, received.sha256)
        if same is None:
            same = reference.holds(received.read())
    except SignatureRefused as problem:
        yield Breach(f"{label(entry)}, Reference {reference.uri}", problem.text.fr, "un condensat vérifiable")
        return
    if not same:
        yield Breach(
            f"{label(entry)}, Reference {reference.uri}, DigestValue",
            reference.digest.hex(),
            "le condensat du document reçu",
        )


def _readable(filing: Filing, entry: RegistryObject) -> SignatureDocument | None:
    """None when there are no bytes or they can't be read: another rule says so."""
    try:
        return _read(filing, entry)
    except WireError:
        return None


def _read(filing: Filing, entry: RegistryObject) -> SignatureDocument | None:
    received = bytes_of(filing, entry)
    if received is None:
        return None
    return filing.once("signature", entry, lambda: read_signature_document(received.read()))
