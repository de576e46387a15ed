"""Column of the matrix, authorisation and visible documents of a caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mock_dmp.context import Caller
from mock_dmp.rights import Standing, family, holder, standing
from mock_dmp.state import authorisations, patients, sessions
from mock_dmp.state.engine import Store
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import Classification, RegistryObject, Slot
from protocol import directory, facts
from protocol.coded import Coded
from protocol.directory import Authorisation

NOW = datetime(2026, 6, 1, tzinfo=UTC)
P = "actif-autorise"


def caller(key: str, structure: str, mode: str = "DIRECTE", access: str = "normal") -> Caller:
    person = directory.professionals()[key]
    return Caller(
        mode=mode,  # type: ignore[arg-type]
        ps_id=person.ps_id,
        structure_id=directory.structures()[structure].struct_id,
        role=person.role,
        specialty=person.specialty,
        access=access,  # type: ignore[arg-type]
        professional=person,
        structure=directory.structures()[structure],
    )


@pytest.fixture(scope="module")
def seeded() -> Iterator[Store]:
    store = Store()
    sessions.ensure_default(store)
    yield store
    store.close()


def who(store: Store, calling: Caller, patient: str = P) -> Standing:
    with store.read() as db:
        record = patients.by_key(db, "default", patient)
        assert record is not None
        return standing(db, "default", calling, record, NOW)


@pytest.mark.parametrize(
    ("calling", "column", "matrix"),
    [
        (caller("medecin", "cabinet"), "M", "direct-indirect"),
        (caller("medecin-traitant", "cabinet"), "MT", "direct-indirect"),
        (caller("medecin-traitant", "cabinet", access="bris_de_glace"), "MT", "direct-indirect"),
        (caller("medecin-traitant", "cabinet", access="centre_15"), "M", "direct-indirect"),
        (caller("medecin-du-travail", "cabinet"), "MTr", "direct-indirect"),
        (caller("infirmier", "hopital"), "NM", "direct-indirect"),
        (caller("pharmacien", "pharmacie"), "NM", "direct-indirect"),
        (caller("secretaire", "cabinet"), "CPE", "direct-indirect"),
        (caller("medecin-traitant", "cabinet", "INDIRECTE"), "ES", "direct-indirect"),
        (caller("medecin-traitant", "cabinet", "INDIRECTE_RENFORCEE"), "MT", "air"),
        (caller("medecin-du-travail", "cabinet", "INDIRECTE_RENFORCEE"), "M", "air"),
        (caller("secretaire", "cabinet", "INDIRECTE_RENFORCEE"), "PE", "air"),
    ],
)
def test_column(seeded: Store, calling: Caller, column: str, matrix: str) -> None:
    found = who(seeded, calling)
    assert (found.column, found.matrix) == (column, matrix)


@pytest.mark.parametrize(
    ("calling", "patient", "state", "blocked"),
    [
        (caller("medecin", "cabinet"), P, "valid", False),
        (caller("medecin-bloque", "cabinet"), P, "forbidden", True),
        (caller("medecin", "cabinet"), "actif-sans-autorisation", None, False),
        (caller("medecin", "cabinet"), "actif-expire", "expired", False),
        (caller("medecin", "cabinet", "INDIRECTE"), "actif-expire", "expired", False),
        # The site belongs to the hospital, which is the one that holds the authorisation.
        (caller("medecin-hospitalier", "hopital-site", "INDIRECTE"), "autorise-structure", "valid", False),
        (caller("medecin-hospitalier", "hopital"), "autorise-structure", None, False),
        (caller("infirmier", "hopital", "INDIRECTE"), "actif-interdit", "forbidden", True),
        (caller("secretaire", "cabinet"), P, "valid", False),
    ],
)
def test_authorisation(
    seeded: Store, calling: Caller, patient: str, state: str | None, blocked: bool
) -> None:
    found = who(seeded, calling, patient)
    assert (found.state, found.blocked) == (state, blocked)


def test_an_expired_medecin_traitant_is_none(store: Store) -> None:
    sessions.ensure_default(store)
    given = Authorisation("medecin", "", "valid", True, NOW - timedelta(days=2), NOW - timedelta(days=1))
    with store.write() as db:
        authorisations.save(db, "default", P, given, at=NOW)
    found = who(store, caller("medecin", "cabinet"))
    assert (found.state, found.medecin_traitant, found.column) == ("expired", False, "M")


@pytest.mark.parametrize(
    ("access", "patient", "opposed"),
    [
        ("normal", "opposition", False),
        ("bris_de_glace", "opposition", True),
        ("centre_15", "opposition", True),
        ("bris_de_glace", "opposition-regulation", False),
        ("centre_15", "opposition-regulation", True),
        ("bris_de_glace", "opposition-bris-de-glace", True),
        ("centre_15", "opposition-bris-de-glace", False),
    ],
)
def test_oppositions(seeded: Store, access: str, patient: str, opposed: bool) -> None:
    assert who(seeded, caller("medecin", "cabinet", access=access), patient).opposed == opposed


def entry(
    *codes: str, status: str = facts.APPROVED, author: str = "infirmier", place: str = "hopital"
) -> RegistryObject:
    person, structure = directory.professionals()[author], directory.structures()[place]
    slots = (
        Slot("authorPerson", (f"{person.ps_id}^{person.family}^A^^^^^^&{facts.OID_PS}&ISO^D^^^IDNPS",)),
        Slot(
            "authorInstitution",
            (f"{structure.name}^^^^^&{facts.OID_STRUCTURE}&ISO^IDNST^^^{structure.struct_id}",),
        ),
    )
    classes = tuple(Classification("c", facts.DE_CONFIDENTIALITY, "", code, (), ()) for code in ("N", *codes))
    made_by = Classification("a", facts.DE_AUTHOR, "", "", slots, ())
    return RegistryObject("entry", "e", "", "", (), (), (), (*classes, made_by), (), status=status)


@pytest.mark.parametrize(
    ("calling", "document", "knows", "reads"),
    [
        (caller("medecin", "cabinet"), entry(), True, True),
        (caller("medecin", "cabinet"), entry("INVISIBLE_PATIENT"), True, True),
        (caller("medecin", "cabinet"), entry(status=facts.DEPRECATED), True, True),
        (caller("medecin", "cabinet"), entry(status=facts.ARCHIVED), True, True),
        (caller("medecin", "cabinet"), entry("MASQUE_PS"), False, False),
        (caller("medecin-traitant", "cabinet"), entry("MASQUE_PS"), True, True),
        (caller("infirmier", "hopital"), entry("MASQUE_PS"), True, True),
        (caller("medecin", "cabinet", access="bris_de_glace"), entry("MASQUE_PS"), True, True),
        (caller("secretaire", "cabinet"), entry(), True, False),
        (caller("secretaire", "cabinet"), entry("MASQUE_PS"), False, False),
        (caller("medecin-hospitalier", "hopital", "INDIRECTE"), entry("MASQUE_PS"), True, False),
        (caller("medecin-hospitalier", "hopital-site", "INDIRECTE"), entry("MASQUE_PS"), True, False),
        (caller("medecin-du-travail", "cabinet"), entry(), True, False),
    ],
)
def test_visible_documents(
    seeded: Store, calling: Caller, document: RegistryObject, knows: bool, reads: bool
) -> None:
    found, settings = who(seeded, calling), Settings({})
    assert (found.knows(document, settings), found.reads(document, settings)) == (knows, reads)


def test_masked_in_emergency(seeded: Store) -> None:
    glass = caller("medecin", "cabinet", access="bris_de_glace")
    masked = entry("MASQUE_PS")
    assert not who(seeded, glass).reads(masked, Settings({"masked_in_emergency": False}))
    assert not who(seeded, glass, "opposition").reads(masked, Settings({}))


def test_holders() -> None:
    assert holder(caller("medecin", "cabinet")) == ("medecin", "")
    assert holder(caller("secretaire", "cabinet")) == ("", "cabinet")
    assert holder(caller("medecin", "cabinet", "INDIRECTE")) == ("", "cabinet")
    unknown = Caller("INDIRECTE", "3990/x", "1999", Coded("10", facts.OID_PROFESSIONS))
    assert holder(unknown) == ("", "1999")


def test_family() -> None:
    keys = ("hopital", "hopital-site", "cabinet", "cabinet-annexe")
    ids = {key: directory.structures()[key].struct_id for key in keys}
    assert family(ids["hopital-site"]) == {ids["hopital"], ids["hopital-site"]}
    assert family(ids["cabinet"]) == {ids["cabinet"], ids["cabinet-annexe"]}
    assert family("inconnue") == {"inconnue"}
