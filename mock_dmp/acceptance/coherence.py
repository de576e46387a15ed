"""Stage coherence: certificates, VIHF, directory, patient and body tell one story.

Structures tolerate the legal entity (EJ) in the certificate and one of its sites (EG) in the VIHF.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.x509.oid import NameOID

from mock_dmp.acceptance.demand import COHERENCE, Demand, names
from mock_dmp.acceptance.engine import Breach, breach_of
from mock_dmp.acceptance.trust import in_dates, is_card
from mock_dmp.rights import family
from protocol import codes, facts
from protocol.errors import IdentifierError
from protocol.identifiers.ins import parse_ins

_SPECIALISTS = frozenset({"10", "21"})


@COHERENCE.rule("VIHF-STRUCTURE-CERT")
def structure_of_certificate(demand: Demand) -> Iterator[Breach]:
    """In indirect mode and AIR the organisation's certificate carries the structure in its OU."""
    certificate = demand.certificate or demand.tls_certificate
    if demand.direct or certificate is None:
        return
    held = names(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not family(demand.vihf.structure).intersection(held):
        yield Breach("attribut Identifiant_Structure", demand.vihf.structure, ", ".join(held) or "un OU")


@COHERENCE.rule("TLS-CLIENT-DATES")
def connection_in_dates(demand: Demand) -> Iterator[Breach]:
    """The client certificate is within its dates at the session's clock: TLS itself only knows the real time."""
    connection = demand.tls_certificate
    if connection is not None and not in_dates(connection, demand.now):
        yield Breach(
            "certificat de connexion",
            f"valide du {connection.not_valid_before_utc:%Y-%m-%d} au {connection.not_valid_after_utc:%Y-%m-%d}",
            f"un certificat valide le {demand.now:%Y-%m-%d}",
        )


@COHERENCE.rule("VIHF-TLS-CERT")
def organisation_connects(demand: Demand) -> Iterator[Breach]:
    """In indirect mode and AIR an organisation opens the connection, not a card (EX_GEN-1450)."""
    connection = demand.tls_certificate
    if not demand.direct and connection is not None and is_card(connection):
        yield Breach(
            "certificat de connexion",
            f"la carte {', '.join(names(connection, NameOID.COMMON_NAME))}",
            f"un certificat d'organisation en mode {demand.vihf.mode}",
        )


@COHERENCE.rule("VIHF-TLS-CERT")
def same_holder(demand: Demand) -> Iterator[Breach]:
    """One card, or one organisation, opens the connection and signs; a card is its holder's."""
    signing, connection = demand.certificate, demand.tls_certificate
    attribute = NameOID.COMMON_NAME if demand.direct else NameOID.ORGANIZATIONAL_UNIT_NAME
    if signing is not None and connection is not None:
        one, other = names(signing, attribute), names(connection, attribute)
        if not set(one) & set(other):
            yield Breach(
                "certificats",
                f"connexion : {', '.join(other)} ; signature : {', '.join(one)}",
                "une même carte" if demand.direct else "une même structure",
            )
    card = signing or connection
    if demand.direct and card is not None and demand.vihf.name_id not in names(card, NameOID.COMMON_NAME):
        yield Breach(
            "saml:NameID", demand.vihf.name_id, f"{', '.join(names(card, NameOID.COMMON_NAME))} (carte)"
        )


@COHERENCE.rule("VIHF-ROLE")
def role(demand: Demand) -> Iterator[Breach]:
    """The first role is in JDV_J65."""
    first = demand.vihf.roles[0]
    if not codes.value_set("JDV_J65").contains(first.code, first.system):
        yield Breach("attribut role", str(first), "un code de JDV_J65")


@COHERENCE.rule("VIHF-SPECIALTY")
def specialty(demand: Demand) -> Iterator[Breach]:
    """Physicians and pharmacists give a specialty or a section."""
    first = demand.vihf.roles[0]
    if first.system == facts.OID_PROFESSIONS and first.code in _SPECIALISTS and len(demand.vihf.roles) < 2:
        yield Breach(
            "attribut role", f"une seule valeur ({first.code})", "profession, puis spécialité ou section"
        )


@COHERENCE.rule("VIHF-SECTOR")
def sector(demand: Demand) -> Iterator[Breach]:
    """The sector is in JDV_J61 and is that of the structure."""
    told = demand.vihf.sector
    if told is None or not codes.value_set("JDV_J61").contains(told.code, told.system):
        yield Breach("attribut Secteur_Activite", str(told or "absent"), "un code de JDV_J61")
    elif demand.structure is not None and told.code != demand.structure.sector.code:
        yield Breach(
            "attribut Secteur_Activite",
            told.code,
            f"{demand.structure.sector.code} (annuaire des structures)",
        )


@COHERENCE.rule("VIHF-STRUCTURE-KNOWN")
def structure_known(demand: Demand) -> Iterator[Breach]:
    """The structure is in the directory, and active."""
    known = demand.structure
    if known is None or not known.active:
        yield Breach(
            "attribut Identifiant_Structure",
            f"{demand.vihf.structure} ({'inconnue' if known is None else 'inactive'})",
            "une structure active de l'annuaire",
        )


@COHERENCE.rule("VIHF-PS-KNOWN")
def professional_known(demand: Demand) -> Iterator[Breach]:
    """An internal id (`3FINESS/login`) of indirect mode is nobody's business but the structure's."""
    internal = demand.vihf.mode == "INDIRECTE" and "/" in demand.vihf.name_id
    if demand.professional is None and not internal:
        yield Breach("saml:NameID", demand.vihf.name_id, "un professionnel de l'annuaire")


@COHERENCE.rule("VIHF-PS-LINKED")
def professional_linked(demand: Demand) -> Iterator[Breach]:
    """The directory links the professional to the structure, or to its legal entity."""
    person, place = demand.professional, demand.structure
    if person is None or place is None:
        return  # said by the rules above
    if not {place.key, place.parent} & set(person.structures):
        yield Breach(
            "saml:NameID et Identifiant_Structure",
            f"{demand.vihf.name_id} et {demand.vihf.structure}",
            "un professionnel rattaché à la structure",
        )


@COHERENCE.rule("VIHF-RESOURCE-ID")
def resource_id(demand: Demand) -> Iterator[Breach]:
    """The VIHF names the patient, where the call is about one."""
    if demand.vihf.patient is None and demand.call.transaction.on_patient:
        yield Breach("attribut resource-id", "absent", "INS^^^&OID&ISO^NH")


@COHERENCE.rule("VIHF-PRODUCTION-INS")
def production(demand: Demand) -> Iterator[Breach]:
    """Nobody real on a test platform (EX_GEN-1520)."""
    for where, named in (("attribut resource-id", demand.vihf.patient), ("corps", demand.body_patient)):
        if named is not None and named.oid in facts.PRODUCTION_INS_OIDS:
            yield Breach(where, f"domaine {named.oid}", f"un INS de test ({facts.OID_INS_TEST})")


@COHERENCE.rule("INS-KEY")
def ins_key(demand: Demand) -> Iterator[Breach]:
    """15 characters and a right key, Corsica included."""
    if demand.vihf.patient is None:
        return
    try:
        parse_ins(demand.vihf.patient.id, demand.vihf.patient.oid)
    except IdentifierError as problem:
        yield breach_of(problem, "attribut resource-id")


@COHERENCE.rule("INS-BODY-COHERENCE")
def body_patient(demand: Demand) -> Iterator[Breach]:
    """HL7 v3 bodies; in the services of documents the patient is compared by XDS-PATIENT-ID."""
    if not demand.call.transaction.on_documents:
        yield from _other_patient(demand)


@COHERENCE.rule("XDS-PATIENT-ID")
def submitted_patient(demand: Demand) -> Iterator[Breach]:
    """The registry says it with all else that it finds; but a DMP that is absent would stop the call first."""
    absent = demand.patient is None or demand.patient.dmp.status == "absent"
    if absent and demand.call.transaction.on_documents:
        yield from _other_patient(demand)


def _other_patient(demand: Demand) -> Iterator[Breach]:
    told, asked = demand.vihf.patient, demand.body_patient
    if told is not None and asked is not None and (told.id, told.oid) != (asked.id, asked.oid):
        yield Breach("patient du message", f"{asked.id} ({asked.oid})", f"{told.id} ({told.oid}), du VIHF")
