"""Which certificates there are: subject, usages, lifetime, flaw. Facts only; `issue` makes them.

Usages follow the IGC-Santé split: an authentication certificate opens TLS, a signature one signs VIHF and
XAdES, and neither does the other's job: mixing them up is `DMPInvalidCertificate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from protocol import directory

Role = Literal["ca", "server", "org-auth", "org-sign", "card-auth", "card-sign"]
Flaw = Literal["", "expired", "revoked", "other-ca", "wrong-usage"]

FLAWS: tuple[Flaw, ...] = ("expired", "revoked", "other-ca", "wrong-usage")

#: Key usages and extended key usages (dotted OIDs are in `issue`) of each role.
KEY_USAGES: dict[Role, frozenset[str]] = {
    "ca": frozenset({"key_cert_sign", "crl_sign"}),
    "server": frozenset({"digital_signature", "key_encipherment"}),
    "org-auth": frozenset({"digital_signature"}),
    "org-sign": frozenset({"digital_signature", "content_commitment"}),
    "card-auth": frozenset({"digital_signature"}),
    "card-sign": frozenset({"digital_signature", "content_commitment"}),
}
EXTENDED: dict[Role, str] = {
    "server": "server",
    "org-auth": "client",
    # An explicit usage that is not clientAuth: without one, TLS would take a signature certificate.
    "org-sign": "mail",
    "card-auth": "client",
    "card-sign": "mail",
}


@dataclass(frozen=True)
class Profile:
    """One certificate to issue. `subject` is most specific last; an inner tuple is a multi-valued RDN.

    `key_of` names the certificate whose key is shared (a flawed one differs from the good one by its flaw
    alone).
    """

    name: str
    role: Role
    subject: tuple[tuple[tuple[str, str], ...], ...]
    structure: str = ""
    professional: str = ""
    flaw: Flaw = ""
    key_of: str = ""


def good() -> Iterator[Profile]:
    """Certificates without a flaw."""
    yield _organisation("org-auth-cli", "org-auth", "hopital")
    yield _organisation("org-sign", "org-sign", "hopital")
    for stem, key in (("cps", "medecin"), ("cps-mt", "medecin-traitant"), ("cpe", "secretaire")):
        yield _card(f"{stem}-auth", "card-auth", key)
        yield _card(f"{stem}-sign", "card-sign", key)


def flawed() -> Iterator[Profile]:
    """One bad twin for each flaw of both organisation certificates and of the physician's card."""
    twins = {profile.name: profile for profile in good()}
    for flaw in FLAWS:
        for name in ("org-auth-cli", "org-sign", "cps-auth", "cps-sign"):
            yield replace(twins[name], name=f"{flaw}-{name}", flaw=flaw, key_of=name)


def card_of(professional: str) -> tuple[Profile, Profile]:
    """Both certificates of a professional's card (key of the directory): `card-<key>-auth` and `-sign`."""
    return (
        _card(f"card-{professional}-auth", "card-auth", professional),
        _card(f"card-{professional}-sign", "card-sign", professional),
    )


def organisation_of(structure: str) -> tuple[Profile, Profile]:
    """Both certificates of a structure (key of the directory): `org-<key>-auth` and `-sign`."""
    return (
        _organisation(f"org-{structure}-auth", "org-auth", structure),
        _organisation(f"org-{structure}-sign", "org-sign", structure),
    )


def authority(label: str) -> Profile:
    return Profile(
        "ca",
        "ca",
        ((("C", "FR"),), (("O", "DMPCOMPAT TEST"),), (("OU", "0002 000000000"),), (("CN", label),)),
    )


def server(name: str) -> Profile:
    return Profile("server", "server", ((("C", "FR"),), (("O", "DMPCOMPAT TEST"),), (("CN", name),)))


def _organisation(name: str, role: Role, key: str) -> Profile:
    structure = directory.structures()[key]
    subject = (
        (("C", "FR"),),
        (("ST", "Test (00)"),),
        (("O", structure.name),),
        (("OU", structure.struct_id),),
        (("CN", f"{structure.name} - TEST"),),
    )
    return Profile(name, role, subject, structure=key)


def _card(name: str, role: Role, key: str) -> Profile:
    person = directory.professionals()[key]
    structure = directory.structures()[person.structures[0]]
    subject = (
        (("C", "FR"),),
        (("O", "DMPCOMPAT TEST"),),
        (("OU", structure.struct_id),),
        (("CN", person.ps_id), ("SN", person.family), ("GN", person.given)),
    )
    return Profile(name, role, subject, structure=structure.key, professional=key)
