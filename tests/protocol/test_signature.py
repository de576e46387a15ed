"""The signer of these tests is ours on purpose: it also makes the forms that an attacker would."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.builder import ElementMaker

from protocol import facts
from protocol.errors import SignatureRefused
from protocol.safexml import canonical, parse, serialize, text, value, xpath
from protocol.signature import Verified, signer_dn, verify_enveloped

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DS = ElementMaker(namespace=facts.DS, nsmap={"ds": facts.DS})
SAML = ElementMaker(namespace=facts.SAML, nsmap={"saml2": facts.SAML})
ENVELOPED = facts.DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA1 = facts.DS + "rsa-sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = facts.DS + "sha1"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    key: Key
    certificate: x509.Certificate


def make_signer(key: Key, name: str = "899700000001", days: tuple[int, int] = (-1, 365)) -> Signer:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return make_signer(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def other() -> Signer:
    return make_signer(ec.generate_private_key(ec.SECP256R1()), "EVIL")


def assertion(identifier: str = "_1", name_id: str = "899700000001") -> etree._Element:
    return SAML.Assertion(
        SAML.Issuer("CN=899700000001,O=TEST,C=FR"), SAML.Subject(SAML.NameID(name_id)), ID=identifier
    )


def sign(
    element: etree._Element,
    signer: Signer,
    *,
    uri: str | None = None,
    method: str = RSA_SHA256,
    digest: str = SHA256,
    transforms: tuple[str, ...] = (ENVELOPED, facts.EXC_C14N),
    references: int = 1,
    chain: tuple[x509.Certificate, ...] | None = None,
) -> etree._Element:
    """Insert a signature after the Issuer, in the plain form unless told otherwise; returns it."""
    hashed = hashlib.new(digest.rsplit("#", 1)[1], canonical(element))
    reference = DS.Reference(
        DS.Transforms(*(DS.Transform(Algorithm=name) for name in transforms)),
        DS.DigestMethod(Algorithm=digest),
        DS.DigestValue(base64.b64encode(hashed.digest()).decode()),
        URI=f"#{element.get('ID')}" if uri is None else uri,
    )
    info = DS.SignedInfo(
        DS.CanonicalizationMethod(Algorithm=facts.EXC_C14N),
        DS.SignatureMethod(Algorithm=method),
        *(deepcopy(reference) for _ in range(references)),
    )
    certificates = (signer.certificate,) if chain is None else chain
    encoded = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in certificates]
    signature = DS.Signature(
        info,
        DS.SignatureValue(_value(canonical(info), signer.key, method)),
        DS.KeyInfo(DS.X509Data(*(DS.X509Certificate(one) for one in encoded))),
    )
    element.insert(1, signature)
    return signature


def _value(data: bytes, key: Key, method: str) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    algorithm = hashes.SHA1() if method == RSA_SHA1 else hashes.SHA256()  # noqa: S303 - what old cards sign with
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), algorithm)).decode()


def wire(element: etree._Element) -> etree._Element:
    """As received: written, then parsed inside an envelope."""
    holder = etree.Element("holder", nsmap={"u": "urn:unused"})
    holder.append(element)
    element.tail = "tail"
    return parse(serialize(holder))[0]


def verify(element: etree._Element, *, at: datetime = NOW, allow_sha1: bool = True) -> Verified:
    return verify_enveloped(wire(element), at=at, allow_sha1=allow_sha1)


def refused(element: etree._Element, *, at: datetime = NOW, allow_sha1: bool = True) -> str:
    with pytest.raises(SignatureRefused) as caught:
        verify(element, at=at, allow_sha1=allow_sha1)
    assert caught.value.message("fr")
    return caught.value.code


def test_a_plain_signature_gives_back_what_was_signed(signer: Signer) -> None:
    element = assertion()
    sign(element, signer)
    found = verify(element)
    assert found.element.get("ID") == "_1"
    assert xpath(found.element, ".//ds:Signature") == []
    assert found.element.getparent() is None
    assert found.certificate == signer.certificate
    assert (found.signature_method, found.digest_method, found.uses_sha1) == (RSA_SHA256, SHA256, False)
    assert signer_dn(found.certificate) == value(found.element, "saml:Issuer")


def test_elliptic_curves(other: Signer) -> None:
    element = assertion()
    sign(element, other, method=ECDSA_SHA256)
    assert verify(element).certificate == other.certificate


def test_sha1_only_when_allowed(signer: Signer) -> None:
    element = assertion()
    sign(element, signer, method=RSA_SHA1, digest=SHA1)
    assert verify(deepcopy(element)).uses_sha1
    assert refused(deepcopy(element), allow_sha1=False) == "SIG-SHA1"
    half = assertion()
    sign(half, signer, digest=SHA1)
    assert refused(half, allow_sha1=False) == "SIG-SHA1"


def test_comments_do_not_cut_what_was_signed(signer: Signer) -> None:
    element = assertion()
    sign(element, signer)
    name = xpath(element, ".//saml:NameID")[0]
    name.text = "8997"
    comment = etree.Comment("c")
    comment.tail = "00000001"
    name.append(comment)
    found = xpath(verify(element).element, ".//saml:NameID")[0]
    assert found.text == text(found) == "899700000001"


def test_a_chain_in_any_order(signer: Signer) -> None:
    authority = make_signer(ec.generate_private_key(ec.SECP256R1()), "CA")
    leaf = (
        x509.CertificateBuilder(
            authority.certificate.subject, signer.certificate.subject, signer.key.public_key(), 7
        )
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .sign(authority.key, hashes.SHA256())
    )
    for chain in ((leaf, authority.certificate), (authority.certificate, leaf)):
        element = assertion()
        sign(element, signer, chain=chain)
        assert verify(element).certificate == leaf


def test_dates_of_the_certificate(signer: Signer) -> None:
    element = assertion()
    sign(element, signer)
    for at in (NOW - timedelta(days=2), NOW + timedelta(days=366)):
        assert refused(deepcopy(element), at=at) == "SIG-VALIDITY"
    assert verify(element, at=signer.certificate.not_valid_after_utc).element is not None


def test_unsigned(signer: Signer) -> None:
    assert refused(assertion()) == "SIG-ABSENT"


def _altered(element: etree._Element) -> None:
    xpath(element, ".//saml:NameID")[0].text = "EVIL"


def _added(element: etree._Element) -> None:
    element.append(SAML.AttributeStatement())


def _digest(element: etree._Element) -> None:
    xpath(element, ".//ds:DigestValue")[0].text = base64.b64encode(bytes(32)).decode()


def _value_changed(element: etree._Element) -> None:
    xpath(element, ".//ds:SignatureValue")[0].text = base64.b64encode(bytes(256)).decode()


def _without(expression: str) -> Callable[[etree._Element], None]:
    def remove(element: etree._Element) -> None:
        for node in xpath(element, expression):
            parent = node.getparent()
            assert parent is not None
            parent.remove(node)

    return remove


def _garbled_certificate(element: etree._Element) -> None:
    xpath(element, ".//ds:X509Certificate")[0].text = "AAAA"


def _text(expression: str, content: str) -> Callable[[etree._Element], None]:
    def put(element: etree._Element) -> None:
        xpath(element, expression)[0].text = content

    return put


def _same_id_inside(element: etree._Element) -> None:
    xpath(element, "saml:Subject")[0].set("Id", "_1")


def _second_signature(element: etree._Element) -> None:
    element.append(deepcopy(xpath(element, "ds:Signature")[0]))


def _object_added(element: etree._Element) -> None:
    xpath(element, "ds:Signature")[0].append(DS.Object("harmless"))


def _nested_signature(element: etree._Element) -> None:
    xpath(element, "saml:Subject")[0].append(xpath(element, "ds:Signature")[0])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_altered, "SIG-DIGEST"),
        (_added, "SIG-DIGEST"),
        (_digest, "SIG-VALUE"),
        (_value_changed, "SIG-VALUE"),
        (_second_signature, "SIG-SEVERAL"),
        (_nested_signature, "SIG-SEVERAL"),
        (_object_added, "SIG-OBJECT"),
        (_same_id_inside, "SIG-ID-TWICE"),
        (_garbled_certificate, "SIG-CERTIFICATE"),
        (_without(".//ds:KeyInfo"), "SIG-CERTIFICATE"),
        (_without(".//ds:SignatureValue"), "SIG-STRUCTURE"),
        (_without(".//ds:SignedInfo"), "SIG-REFERENCE"),
        (_without(".//ds:CanonicalizationMethod"), "SIG-STRUCTURE"),
        (_without(".//ds:Transforms"), "SIG-TRANSFORM"),
        (_without(".//ds:DigestMethod"), "SIG-ALGORITHM"),
        (_text(".//ds:SignatureValue", ""), "SIG-STRUCTURE"),
        (_text(".//ds:SignatureValue", "*"), "SIG-VALUE"),
        (_text(".//ds:DigestValue", ""), "SIG-VALUE"),
    ],
)
def test_changed_after_signing(signer: Signer, change: Callable[[etree._Element], None], code: str) -> None:
    element = assertion()
    sign(element, signer)
    change(element)
    assert refused(element) == code


def test_signed_by_another_key_than_the_certificate(signer: Signer) -> None:
    impostor = Signer(rsa.generate_private_key(65537, 2048), signer.certificate)
    element = assertion()
    sign(element, impostor)
    assert refused(element) == "SIG-VALUE"


def test_a_key_of_another_kind(signer: Signer, other: Signer) -> None:
    element = assertion()
    sign(element, Signer(signer.key, other.certificate))
    assert refused(element) == "SIG-STRUCTURE"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"uri": ""}, "SIG-REFERENCE"),
        ({"uri": "#_2"}, "SIG-REFERENCE"),
        ({"uri": "#xpointer(/)"}, "SIG-REFERENCE"),
        ({"uri": "file:///etc/hostname"}, "SIG-REFERENCE"),
        ({"references": 2}, "SIG-REFERENCE"),
        ({"references": 0}, "SIG-REFERENCE"),
        ({"transforms": (facts.EXC_C14N,)}, "SIG-TRANSFORM"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xpath-19991116")}, "SIG-TRANSFORM"),
        ({"transforms": (ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116")}, "SIG-TRANSFORM"),
        ({"transforms": (ENVELOPED, facts.DS + "base64")}, "SIG-TRANSFORM"),
        ({"transforms": (ENVELOPED, ENVELOPED, facts.EXC_C14N)}, "SIG-TRANSFORM"),
        ({"method": facts.DS + "hmac-sha1"}, "SIG-ALGORITHM"),
        ({"method": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}, "SIG-ALGORITHM"),
        ({"method": "urn:none"}, "SIG-ALGORITHM"),
        ({"chain": ()}, "SIG-CERTIFICATE"),
    ],
)
def test_forms_that_are_refused(signer: Signer, options: dict[str, object], code: str) -> None:
    element = assertion()
    sign(element, signer, **options)  # type: ignore[arg-type]
    assert refused(element) == code


def test_several_unrelated_certificates(signer: Signer, other: Signer) -> None:
    element = assertion()
    sign(element, signer, chain=(signer.certificate, other.certificate))
    assert refused(element) == "SIG-CERTIFICATE"


def test_an_element_without_id(signer: Signer) -> None:
    element = assertion()
    sign(element, signer, uri="#")
    del element.attrib["ID"]
    assert refused(element) == "SIG-REFERENCE"


def _genuine(signer: Signer) -> etree._Element:
    element = assertion()
    sign(element, signer)
    return element


def _signature_taken_from(genuine: etree._Element) -> etree._Element:
    return deepcopy(xpath(genuine, "ds:Signature")[0])


def wrap_original_in_object(signer: Signer) -> etree._Element:
    genuine, evil = _genuine(signer), assertion("_1", "EVIL")
    signature = _signature_taken_from(genuine)
    genuine.remove(xpath(genuine, "ds:Signature")[0])
    signature.append(DS.Object(genuine))
    evil.insert(1, signature)
    return evil


def wrap_with_another_id(signer: Signer) -> etree._Element:
    evil = wrap_original_in_object(signer)
    evil.set("ID", "_evil")
    return evil


def wrap_without_id(signer: Signer) -> etree._Element:
    evil = wrap_original_in_object(signer)
    del evil.attrib["ID"]
    return evil


def wrap_as_a_child(signer: Signer) -> etree._Element:
    genuine, evil = _genuine(signer), assertion("_evil", "EVIL")
    signature = _signature_taken_from(genuine)
    genuine.remove(xpath(genuine, "ds:Signature")[0])
    evil.insert(1, signature)
    evil.append(genuine)
    return evil


def wrap_whole_as_a_child(signer: Signer) -> etree._Element:
    evil = assertion("_evil", "EVIL")
    evil.append(_genuine(signer))
    return evil


def wrap_in_extensions(signer: Signer) -> etree._Element:
    evil = assertion("_1", "EVIL")
    evil.append(SAML.Advice(_genuine(signer)))
    return evil


def signature_alone_moved(signer: Signer) -> etree._Element:
    evil = assertion("_1", "EVIL")
    evil.insert(1, _signature_taken_from(_genuine(signer)))
    return evil


@pytest.mark.parametrize(
    "forge",
    [
        wrap_original_in_object,
        wrap_with_another_id,
        wrap_without_id,
        wrap_as_a_child,
        wrap_whole_as_a_child,
        wrap_in_extensions,
        signature_alone_moved,
    ],
)
def test_wrapping_is_refused(signer: Signer, forge: Callable[[Signer], etree._Element]) -> None:
    with pytest.raises(SignatureRefused):
        verify(forge(signer))


def test_an_evil_sibling_changes_nothing(signer: Signer) -> None:
    holder = etree.Element("holder")
    evil = assertion("_1", "EVIL")
    holder.extend([evil, _genuine(signer)])
    received = parse(serialize(holder))
    assert value(verify_enveloped(received[1], at=NOW).element, ".//saml:NameID") == "899700000001"
    with pytest.raises(SignatureRefused, match="SIG-ABSENT"):
        verify_enveloped(received[0], at=NOW)
