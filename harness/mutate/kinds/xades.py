"""Mutations of the signature document of a submission, in the part that carries it."""

from __future__ import annotations

from random import Random
from typing import Final

from harness.mutate.registry import Wire, mutator

_OVER: Final = "wire-request"
_ON: Final = ("TD2.1",)


def _signature(wire: Wire, old: bytes, new: bytes) -> bool:
    """Change bytes of the last document whose root is ds:Signature, the set's."""
    place = wire.body.rfind(b"Signature xmlns") if wire.multipart else -1
    found = wire.body.find(old, place)
    if place < 0 or found < 0:
        return False
    wire.body = wire.body[:found] + new + wire.body[found + len(old) :]
    return True


@mutator("xades-not-a-signature", over=_OVER, on=_ON, breaks="XADES-READABLE")
def not_a_signature(wire: Wire, _: Random) -> bool:
    return _signature(wire, b"http://www.w3.org/2000/09/xmldsig#", b"http://www.w3.org/2000/09/xmldsig2")


@mutator("xades-manifest-other", over=_OVER, on=_ON, breaks="XADES-MANIFEST")
def manifest_other(wire: Wire, _: Random) -> bool:
    return _signature(wire, b'URI="urn:oid:', b'URI="urn:oid:9')


@mutator("xades-kind-other", over=_OVER, on=_ON, breaks="XADES-REFERENCES")
def kind_other(wire: Wire, _: Random) -> bool:
    return _signature(wire, b"xmldsig#Manifest", b"xmldsig#Object")


@mutator("xades-purpose-other", over=_OVER, on=_ON, breaks="XADES-PURPOSE")
def purpose_other(wire: Wire, _: Random) -> bool:
    return _signature(wire, b">1.2.840.10065.1.12.1.14<", b">1.2.840.10065.1.12.1.1<")


@mutator("xades-time-gone", over=_OVER, on=_ON, breaks="XADES-SIGNING-TIME")
def time_gone(wire: Wire, _: Random) -> bool:
    first = _signature(wire, b"SigningTime>", b"SignedTime>")
    return first and _signature(wire, b"SigningTime>", b"SignedTime>")


@mutator("xades-value-other", over=_OVER, on=_ON, breaks="XADES-VALUE")
def value_other(wire: Wire, _: Random) -> bool:
    place = wire.body.rfind(b"SignatureValue>", 0, wire.body.rfind(b"</ds:SignatureValue>"))
    if not wire.multipart or place < 0:
        return False
    cut = place + len(b"SignatureValue>")
    wire.body = (
        wire.body[:cut] + wire.body[cut + 4 : cut + 8] + wire.body[cut : cut + 4] + wire.body[cut + 8 :]
    )
    return True


@mutator("xades-digest-other", over=_OVER, on=_ON, breaks=("XADES-DIGEST", "XADES-REFERENCES"))
def digest_other(wire: Wire, _: Random) -> bool:
    """The digest of a document in the manifest, in another case."""
    place = wire.body.rfind(b"DigestValue>", 0, wire.body.rfind(b"</ds:DigestValue>"))
    if not wire.multipart or place < 0:
        return False
    cut = place + len(b"DigestValue>")
    wire.body = wire.body[:cut] + wire.body[cut : cut + 12].swapcase() + wire.body[cut + 12 :]
    return True
