"""The signature document: manifest, digests, and a signature that was really made."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from mock_dmp.pki import PkiIndex
from mock_dmp.services.xds.xades import read_signature_document
from protocol import facts, safexml
from protocol.errors import SignatureRefused, WireError
from tests.mock_dmp.builders import el

CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><!-- note --><title>a</title></ClinicalDocument>'


def reference(uri: str, digest: bytes, *transforms: str, method: str = f"{facts.DS}sha1") -> etree._Element:
    parts = [el("ds:Transform", {"Algorithm": one}) for one in transforms]
    return el(
        "ds:Reference",
        {"URI": uri},
        *([el("ds:Transforms", {}, *parts)] if parts else []),
        el("ds:DigestMethod", {"Algorithm": method}),
        el("ds:DigestValue", {}, base64.b64encode(digest).decode()),
    )


def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def signed(pki: PkiIndex, *references: etree._Element, algorithm: str = "sha256") -> etree._Element:
    """A whole signature document made with the organisation's signature key."""
    manifest = el("ds:Manifest", {"Id": "IHEManifest"}, *references)
    certificate = "".join(pki.certificate("org-sign").read_text().splitlines()[1:-1])
    root = el(
        "ds:Signature",
        {"Id": "s"},
        el("ds:SignedInfo"),
        el("ds:SignatureValue"),
        el("ds:KeyInfo", {}, el("ds:X509Data", {}, el("ds:X509Certificate", {}, certificate))),
        el("ds:Object", {}, manifest),
    )
    root = etree.fromstring(etree.tostring(root))
    info = root[0]
    found = root.find(f".//{{{facts.DS}}}Manifest")
    info.append(el("ds:CanonicalizationMethod", {"Algorithm": facts.C14N_COMMENTS}))
    info.append(
        el("ds:SignatureMethod", {"Algorithm": f"http://www.w3.org/2001/04/xmldsig-more#rsa-{algorithm}"})
    )
    info.append(reference("#IHEManifest", sha1(safexml.canonical(found, exclusive=False))))
    key = serialization.load_pem_private_key(pki.key("org-sign").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    data = safexml.canonical(info, exclusive=False, with_comments=True)
    root[1].text = base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()
    return root


def test_a_true_signature(test_pki: PkiIndex) -> None:
    document = read_signature_document(etree.tostring(signed(test_pki, reference("urn:oid:1.2", sha1(b"x")))))
    assert document.verify().subject
    assert [one.uri for one in document.references] == ["urn:oid:1.2"]
    assert document.references[0].holds(b"x")
    assert not document.references[0].holds(b"y")


@pytest.mark.parametrize(
    "path",
    [".//{*}Manifest/{*}Reference/{*}DigestValue", "{*}SignatureValue", ".//{*}SignedInfo//{*}DigestValue"],
)
def test_altered(test_pki: PkiIndex, path: str) -> None:
    root = signed(test_pki, reference("urn:oid:1.2", sha1(b"x")))
    node = root.find(path)
    assert node is not None
    node.text = base64.b64encode(b"autre chose de la bonne taille").decode()
    with pytest.raises(SignatureRefused):
        read_signature_document(etree.tostring(root)).verify()


def test_manifest_out_of_the_signature(test_pki: PkiIndex) -> None:
    root = signed(test_pki, reference("urn:oid:1.2", sha1(b"x")))
    info = root.find(f"{{{facts.DS}}}SignedInfo")
    assert info is not None
    info.remove(info[-1])
    with pytest.raises(SignatureRefused, match="XADES"):
        read_signature_document(etree.tostring(root)).verify()


def test_xml_documents_are_digested_in_canonical_form() -> None:
    canonical = safexml.canonical(safexml.parse(CDA), exclusive=False, with_comments=True)
    loose = CDA.replace(b"<title>a</title>", b"<title  >a</title >")
    root = el(
        "ds:Signature",
        {},
        el("ds:Object", {}, el("ds:Manifest", {}, reference("u", sha1(canonical), facts.C14N_COMMENTS))),
    )
    document = read_signature_document(etree.tostring(root))
    assert document.references[0].holds(loose)
    with pytest.raises(SignatureRefused):
        document.references[0].holds(b"pas du xml")


@pytest.mark.parametrize(
    "odd",
    [
        reference("u", b"x", "urn:inconnu"),
        reference("u", b"x", method="urn:inconnu"),
    ],
)
def test_unknown_algorithms(odd: etree._Element) -> None:
    root = el("ds:Signature", {}, el("ds:Object", {}, el("ds:Manifest", {}, odd)))
    with pytest.raises(SignatureRefused):
        read_signature_document(etree.tostring(root)).references[0].holds(CDA)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(WireError):
        read_signature_document(data)
