"""Signatures, verified by others than their maker: signxml, and xmlsec1 where it is installed."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier

from harness.drive import sign, xades
from harness.drive.identity import Identity
from harness.drive.message import OutgoingMessage
from protocol import safexml
from protocol.facts import DS

Make = Callable[..., OutgoingMessage]

DOCUMENTS = [
    xades.Signed("1.2.3.1", b"<?xml version='1.0'?><?pi x?><!-- c --><a b='1'  a='2'>\xc3\xa9<!-- d --></a>"),
    xades.Signed("1.2.3.2", b"\x00not xml at all"),
]
SHA1 = SignatureConfiguration(
    location="./",
    expect_references=1,
    signature_methods=frozenset({SignatureMethod.RSA_SHA1}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA1}),
)
SHA256 = SignatureConfiguration(
    location="./",
    expect_references=1,
    signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
)


def assertion_of(message: OutgoingMessage) -> etree._Element:
    return safexml.xpath(safexml.parse(message.body), "//wsse:Security/saml:Assertion")[0]


def verified(
    assertion: etree._Element, identity: Identity, config: SignatureConfiguration = SHA256
) -> etree._Element:
    """The element that signxml says was signed, by the signature certificate of the identity."""
    result = XMLVerifier().verify(
        safexml.canonical(assertion),
        x509_cert=identity.sign.certificate,
        id_attribute="ID",
        expect_config=config,
    )
    assert not isinstance(result, list)
    signed = result.signed_xml
    assert isinstance(signed, etree._Element)
    return signed


def test_signxml_verifies_the_assertion_of_a_message(make: Make, hospital: Identity) -> None:
    assertion = assertion_of(make("TD0.2"))
    signed = verified(assertion, hospital)
    assert signed.get("ID") == assertion.get("ID")
    assert [etree.QName(child).localname for child in assertion][:3] == ["Issuer", "Signature", "Subject"]


def test_a_legacy_signature_is_sha1_and_only_then(make: Make, hospital: Identity) -> None:
    assertion = assertion_of(make("TD0.2", vihf_hash="sha1"))
    verified(assertion, hospital, SHA1)
    with pytest.raises((InvalidInput, InvalidSignature)):
        verified(assertion, hospital, SHA256)


@pytest.mark.parametrize(
    "defect", ["attribute-altered-after-signature", "signature-value-corrupted", "signature-covers-nothing"]
)
def test_a_spoiled_signature_does_not_verify(make: Make, hospital: Identity, defect: str) -> None:
    with pytest.raises((InvalidDigest, InvalidSignature, InvalidInput)):
        verified(assertion_of(make("TD0.2", defect)), hospital)


def test_the_authentication_certificate_signs_well_but_is_another(make: Make, hospital: Identity) -> None:
    assertion = assertion_of(make("TD0.2", "signed-with-auth-certificate"))
    shown = safexml.value(assertion, "ds:Signature//ds:X509Certificate")
    assert shown == sign.certificate64(hospital.tls.certificate)
    assert "CN=org-auth-cli" in safexml.value(assertion, "saml:Issuer")
    result = XMLVerifier().verify(
        safexml.canonical(assertion),
        x509_cert=hospital.tls.certificate,
        id_attribute="ID",
        expect_config=SHA256,
    )
    assert not isinstance(result, list)


@pytest.mark.parametrize("form", ["signature-wrapped-sibling", "signature-wrapped-object"])
def test_a_wrapped_signature_still_covers_the_genuine_assertion(
    make: Make, hospital: Identity, form: str
) -> None:
    root = safexml.parse(make("TD0.2", form).body)
    forged = safexml.xpath(root, "//wsse:Security/saml:Assertion")
    assert len(forged) == 1
    signed_id = safexml.value(forged[0], "ds:Signature//ds:Reference/@URI")[1:]
    assert forged[0].get("ID") != signed_id
    genuine = safexml.xpath(root, f"//saml:Assertion[@ID='{signed_id}']")[0]
    names = [safexml.value(node, "saml:Subject/saml:NameID") for node in (forged[0], genuine)]
    assert names[1] == hospital.user.ps_id != names[0]
    # What was signed is intact: its digest is still the one in the signature.
    digest = safexml.value(forged[0], "ds:Signature/ds:SignedInfo/ds:Reference/ds:DigestValue")
    assert sign.digest64(sign.exclusive(genuine), "sha256") == digest


def signature(hospital: Identity, hash_name: sign.Hash = "sha1") -> bytes:
    return xades.signature_document(
        "1.2.3",
        DOCUMENTS,
        hospital.sign.key,
        hospital.sign.certificate,
        identifier="0f1e",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        hash_name=hash_name,
    )


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_xmlsec_verifies_the_signature_document(
    hospital: Identity, pki: Path, tmp_path: Path, hash_name: sign.Hash
) -> None:
    tool = shutil.which("xmlsec1")
    if tool is None:
        pytest.skip("xmlsec1 is not installed")
    path = tmp_path / "signature.xml"
    path.write_bytes(signature(hospital, hash_name))
    command = [tool, "--verify", "--ignore-manifests", "--trusted-pem", str(pki / "ca.pem"), "--id-attr:Id"]
    ids = ["Manifest", "http://uri.etsi.org/01903/v1.1.1#:SignedProperties"]
    command += ["Signature", "--id-attr:Id", ids[0], "--id-attr:Id", ids[1], str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    assert "References (ok/all): 2/2" in done.stdout + done.stderr


def test_the_manifest_digests_each_document_as_it_says(hospital: Identity) -> None:
    root = safexml.parse(signature(hospital))
    references = {
        node.get("URI", ""): safexml.value(node, "ds:DigestValue")
        for node in safexml.xpath(root, "//ds:Manifest/ds:Reference")
    }
    canonical = b'<?pi x?>\n<!-- c -->\n<a a="2" b="1">\xc3\xa9<!-- d --></a>'
    assert references == {
        "urn:oid:1.2.3": "AA==",
        "urn:oid:1.2.3.1": base64.b64encode(hashlib.sha1(canonical).digest()).decode(),  # noqa: S324 - what old cards sign with
        "urn:oid:1.2.3.2": base64.b64encode(hashlib.sha1(DOCUMENTS[1].content).digest()).decode(),  # noqa: S324 - what old cards sign with
    }
    assert len(safexml.xpath(root, "//ds:Manifest/ds:Reference/ds:Transforms")) == 1


def test_the_signature_document_names_its_certificate_and_purpose(hospital: Identity) -> None:
    root = safexml.parse(signature(hospital))
    assert root.tag == f"{{{DS}}}Signature"
    assert root.get("Id") == "S-0f1e"
    assert safexml.value(root, "//ds:SignatureProperty/@Target") == "#S-0f1e"
    assert safexml.value(root, "//ds:SignatureProperty") == "1.2.840.10065.1.12.1.14"
    assert safexml.value(root, "//ds:X509SerialNumber") == str(hospital.sign.certificate.serial_number)
    assert safexml.value(root, "//xades:SigningTime") == "2026-03-01T00:00:00.000Z"


def test_inclusive_c14n_writes_namespaces_that_ancestors_declare() -> None:
    root = etree.fromstring(b'<a xmlns="u:a" xmlns:x="u:x"><b x:c="1"/></a>')
    assert xades.inclusive(root[0]) == b'<b xmlns="u:a" xmlns:x="u:x" x:c="1"></b>'
    unused = etree.fromstring(b'<a xmlns:x="u:x"><b/></a>')
    assert xades.inclusive(unused[0]) == b'<b xmlns:x="u:x"></b>'
