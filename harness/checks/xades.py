"""Rules of the signature document of TD2.1: its entry, its manifest, its digests, its value.

The manifest names the submission set (a placeholder digest, since the set isn't digested) and each document.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.judged import Judged, once_a_view
from harness.checks.rim import (
    FEEDING,
    code_text,
    codes,
    document_again,
    document_of,
    documents_entries,
    external,
    sets,
    signature_entries,
    slot,
)
from harness.checks.rule import Finding, check, failed, passed, twice, verdict
from harness.checks.xmldsig import (
    ALGORITHMS,
    VERIFIED,
    Reference,
    agreed,
    canonical,
    encoded_digest,
    read_references,
    signature_holds,
    signer,
)
from harness.checks.xpath import attribute, nodes, strings
from protocol import facts, safexml
from protocol.errors import Text, XmlRefused

XADES = "XADES"
ON = FEEDING
PURPOSE = "1.2.840.10065.1.12.1.14"
PROPERTIES = "http://uri.etsi.org/01903/v1.1.1#SignedProperties"
MANIFEST = "http://www.w3.org/2000/09/xmldsig#Manifest"


def _entry(view: Judged) -> etree._Element | None:
    return next(iter(signature_entries(view)), None)


@once_a_view
def _signature(view: Judged) -> etree._Element | None:
    """Root of the signature document, None when it is absent or no ds:Signature."""
    entry = _entry(view)
    data = None if entry is None else document_of(view, entry)
    if data is None:
        return None
    try:
        root = safexml.parse(data)
    except XmlRefused:
        return None
    return root if root.tag == f"{{{facts.DS}}}Signature" else None


def _place(view: Judged) -> str:
    return f"{view.at(_entry(view))}/ds:Signature"


@check(
    "XADES-ENTRY",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : fiche du document de signature",
    title=Text(
        "La fiche de signature porte ses valeurs fixes", "The signature's entry carries its fixed values"
    ),
    mend=Text(
        "reprendre la valeur fixe de la fiche de signature", "use the fixed value of the signature's entry"
    ),
)
def entry_values(view: Judged) -> Iterator[Finding]:
    item = _entry(view)
    if item is None:
        return
    when = slot(next(iter(sets(view)), item), "submissionTime")
    where = view.at(item)
    visible = sorted(code.code for code in codes(item, facts.DE_CONFIDENTIALITY))
    asked: list[tuple[str, str, str]] = [
        ("@mimeType", attribute(item, "mimeType"), "text/xml"),
        ("languageCode", slot(item, "languageCode"), "art"),
        ("confidentialityCode", " | ".join(visible), "INVISIBLE_PATIENT | MASQUE_PS | N"),
        ("creationTime", slot(item, "creationTime"), when),
        ("serviceStartTime", slot(item, "serviceStartTime"), when),
    ]
    for name, scheme, expected in (
        ("classCode", facts.DE_CLASS, "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1^URN"),
        ("typeCode", facts.DE_TYPE, "E1762^ASTM"),
        ("eventCodeList", facts.DE_EVENT, f"{PURPOSE}^1.2.840.10065.1.12"),
    ):
        asked.append((name, " | ".join(code_text(code) for code in codes(item, scheme)), expected))
    for name, found, expected in asked:
        yield verdict(found == expected, f"{where}/{name}", found, expected)
    formats = [code.code for code in codes(item, facts.DE_FORMAT)]
    good = formats in (["http://www.w3.org/2000/09/xmldsig#"], ["urn:ihe:iti:dsg:detached:2014"])
    yield verdict(good, f"{where}/formatCode", " | ".join(formats), "http://www.w3.org/2000/09/xmldsig#")


@check(
    "XADES-READABLE",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : document ds:Signature",
    title=Text("Le document de signature est une ds:Signature", "The signature document is a ds:Signature"),
    mend=Text(
        "envoyer un document dont la racine est ds:Signature", "send a document whose root is ds:Signature"
    ),
)
def readable(view: Judged) -> Iterator[Finding]:
    if _entry(view) is not None:
        good = _signature(view) is not None
        yield passed(_place(view)) if good else failed(_place(view), "", "ds:Signature")


@check(
    "XADES-REFERENCES",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : Manifest et SignedProperties référencés",
    title=Text(
        "SignedInfo référence le manifeste et les propriétés signées, aux bonnes empreintes",
        "SignedInfo refers to the manifest and the signed properties, with right digests",
    ),
    mend=Text(
        "référencer le manifeste et les propriétés, puis signer",
        "refer to the manifest and the properties, then sign",
    ),
)
def references(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is None:
        return
    found = read_references(signature)
    for kind in (MANIFEST, PROPERTIES):
        mine = [item for item in found if item.kind == kind]
        yield verdict(len(mine) == 1, _place(view) + "/ds:SignedInfo", f"{len(mine)} × {kind}", "1")
        for item in mine:
            yield _inner_digest(view, signature, item)


def _inner_digest(view: Judged, signature: etree._Element, item: Reference) -> Finding:
    where = f"{_place(view)}/ds:SignedInfo/ds:Reference[@URI='{item.uri}']"
    held = _named(view, signature, item)
    if len(held) != 1:
        return failed(where, f"{len(held)} × Id", "1")
    computed = _computed(view, item, held[0])
    return agreed(
        verdict(computed == item.digest, where, item.digest, computed or " | ".join(ALGORITHMS)),
        _holds(view, signature),
        view.opinion("XADES", signature, signer(signature), "Id"),
    )


def _computed(view: Judged, item: Reference, held: etree._Element) -> str | None:
    return view.kept(("XADES", item), lambda: item.digest_of(held))


def _trouble(view: Judged, signature: etree._Element) -> str:
    return view.kept("XADES", lambda: signature_holds(signature))


@check(
    "XADES-MANIFEST",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : le lot et chaque document",
    title=Text(
        "Le manifeste nomme le lot et chaque document", "The manifest names the set and each document"
    ),
    mend=Text("urn:oid: + uniqueId, un Reference chacun", "urn:oid: + uniqueId, one Reference each"),
)
def manifest(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is None:
        return
    named = [item.uri for item in read_references(signature, "ds:Object/ds:Manifest/ds:Reference")]
    expected = [f"urn:oid:{external(item, facts.SS_UNIQUE_ID)}" for item in sets(view)]
    expected += [f"urn:oid:{external(item, facts.DE_UNIQUE_ID)}" for item in documents_entries(view)]
    where = _place(view) + "/ds:Object/ds:Manifest"
    for uri in expected:
        yield verdict(named.count(uri) == 1, where, " | ".join(named), uri)
    foreign = [uri for uri in named if uri not in expected]
    yield verdict(
        not foreign, where, " | ".join(foreign) or "aucun étranger / no other", " | ".join(expected)
    )


@check(
    "XADES-DIGEST",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : empreinte de chaque document (C14N avec commentaires pour le XML)",
    title=Text(
        "Le manifeste a l'empreinte de chaque document", "The manifest has the digest of each document"
    ),
    mend=Text(
        "empreinte des octets envoyés, canonisés s'ils sont en XML",
        "digest of the bytes sent, canonical if XML",
    ),
)
def digest(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is None:
        return
    named = {item.uri: item for item in read_references(signature, "ds:Object/ds:Manifest/ds:Reference")}
    for item in documents_entries(view):
        uri = f"urn:oid:{external(item, facts.DE_UNIQUE_ID)}"
        data = document_of(view, item)
        if uri in named and data is not None:
            found, again = named[uri].digest, document_again(view, item) or b""
            digests = _digests(view, named[uri], data)
            others = digests if again == data else _digests(view, named[uri], again)
            where = f"{_place(view)}/ds:Manifest[{uri}]"
            yield twice(
                found in digests, found in others, where, found, " | ".join(digests), " | ".join(others)
            )


def _digests(view: Judged, reference: Reference, data: bytes) -> list[str]:
    """The digest that the transforms ask for: of the bytes, or of the canonical form."""
    name = ALGORITHMS.get(reference.digest_method)
    if name is None:
        return []
    if not reference.transforms:
        return [encoded_digest(name, data)]
    try:
        read = view.cda_of(data)
        root = safexml.parse(data, huge=True) if read is None or read.outer is None else read.outer
    except XmlRefused:
        return [encoded_digest(name, data)]
    return [_whole_document(reference, root, name)]


def _whole_document(reference: Reference, root: etree._Element, name: str) -> str:
    """Digest of the whole document: what stands outside the root element counts when comments are kept."""
    comments = any(step.endswith("WithComments") for step in reference.transforms)
    exclusive = any(step.startswith(facts.EXC_C14N) for step in reference.transforms)
    if root.getparent() is None:
        data = etree.tostring(root.getroottree(), method="c14n", exclusive=exclusive, with_comments=comments)
    else:
        data = canonical(root, exclusive=exclusive, comments=comments)
    return encoded_digest(name, data)


@check(
    "XADES-VALUE",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature ; XML Signature Core",
    title=Text("La signature du lot se vérifie", "The signature of the set verifies"),
    mend=Text(
        "signer SignedInfo avec le certificat de signature", "sign SignedInfo with the signature certificate"
    ),
)
def value(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is not None:
        where, trouble = _place(view) + "/ds:SignatureValue", _trouble(view, signature)
        yield agreed(
            verdict(not trouble, where, trouble or VERIFIED, VERIFIED),
            _holds(view, signature),
            view.opinion("XADES", signature, signer(signature), "Id"),
        )


def _holds(view: Judged, signature: etree._Element) -> bool:
    """Whether the whole of it holds by our own code: its value, and the digests of what SignedInfo names."""
    return not _trouble(view, signature) and all(
        len(held := _named(view, signature, item)) == 1 and _computed(view, item, held[0]) == item.digest
        for item in read_references(signature)
    )


def _named(view: Judged, signature: etree._Element, item: Reference) -> list[etree._Element]:
    named = view.kept("XADES Id", lambda: nodes(signature, "descendant::*[@Id]"))
    return [one for one in named if attribute(one, "Id") == item.uri.removeprefix("#")]


@check(
    "XADES-PURPOSE",
    on=ON,
    side="request",
    group=XADES,
    clause="interface DMP, document de signature : SignatureProperty purposeOfSignature",
    title=Text("La signature dit son objet", "The signature tells its purpose"),
    mend=Text("SignatureProperty 1.2.840.10065.1.12.1.14", "SignatureProperty 1.2.840.10065.1.12.1.14"),
    confidence="B",
    default="warning",
)
def purpose(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is not None:
        found = [text.strip() for text in strings(signature, "descendant::ds:SignatureProperty")]
        yield verdict(PURPOSE in found, _place(view) + "//ds:SignatureProperty", " | ".join(found), PURPOSE)


@check(
    "XADES-SIGNING-TIME",
    on=ON,
    side="request",
    group=XADES,
    clause="XAdES 1.1.1 : SigningTime et SigningCertificate",
    title=Text(
        "Les propriétés signées disent l'heure et le certificat",
        "Signed properties tell time and certificate",
    ),
    mend=Text("SigningTime et SigningCertificate, une fois", "SigningTime and SigningCertificate, once"),
    confidence="B",
    default="warning",
)
def signing_time(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is not None:
        for name in ("SigningTime", "SigningCertificate"):
            count = len(nodes(signature, f"descendant::xades:SignedSignatureProperties/xades:{name}"))
            yield verdict(count == 1, f"{_place(view)}//xades:{name}", str(count), "1")
