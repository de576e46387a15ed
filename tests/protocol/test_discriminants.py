"""What a message says that chooses among the transactions of one action."""

from __future__ import annotations

import pytest
from lxml import etree

from protocol import facts
from protocol.discriminants import card, of_message, operations, status_operation, visibility_operations
from protocol.transactions import load
from tests.harness import entries
from tests.mock_dmp.builders import Who, el, existence, vihf
from tests.mock_dmp.updating import Update

UPDATE = load().by_id("TD3.3a")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Who(), "CPS"),
        (Who(professional="infirmier", structure="hopital"), "CPS"),
        (Who(professional="secretaire"), "CPE"),
        (Who(professional="secretaire", mode="INDIRECTE_RENFORCEE"), "CPE"),
        (Who(professional="secretaire", mode="INDIRECTE"), "none"),
        (Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE"), "none"),
        (Who(roles=0), "CPS"),
        (Who(professional="secretaire", attributes={"Authentification_mode": None}), "CPE"),
    ],
)
def test_the_card_is_told_by_role_and_mode(who: Who, expected: str) -> None:
    assert card(vihf(who)) == expected


@pytest.mark.parametrize(
    ("who", "transaction"), [(Who(), "TD2.1"), (Who(professional="secretaire"), "TD2.2")]
)
def test_feeding_is_chosen_by_the_card(who: Who, transaction: str) -> None:
    td21 = load().by_id("TD2.1")
    said = of_message(etree.Element(td21.request_root), [vihf(who)])
    chosen = load().by_action(td21.action, td21.request_root, said)
    assert chosen is not None and chosen.id == transaction


def test_reasons_and_actions_are_read() -> None:
    assert "MODIF_DATA" in of_message(existence("actif-autorise", reason="MODIF_DATA"), [])
    for name in ("pat:action", "hab:action"):
        body = el("pat:patientOTPUpdate", {}, el(name, {}, "SUPPRESSION"))
        assert of_message(body, []) == {"SUPPRESSION"}
    assert of_message(el("pat:updatePatientAccess"), []) == frozenset()


@pytest.mark.parametrize(
    ("new", "operation", "transaction"),
    [
        (facts.DELETED, "delete", "TD3.3c"),
        (facts.ARCHIVED, "archive", "TD3.3d"),
        (facts.APPROVED, "unarchive", "TD3.3d"),
    ],
)
def test_a_status_change_is_told_by_its_new_status(new: str, operation: str, transaction: str) -> None:
    body = Update("alimentation").status(entries.ENTRY_UUID, facts.APPROVED, new).build()
    assert operations(body) == {operation} == {status_operation(new)}
    chosen = load().by_action(UPDATE.action, UPDATE.request_root, of_message(body, []))
    assert chosen is not None and chosen.id == transaction


@pytest.mark.parametrize(("codes", "operation"), [(("N", "MASQUE_PS"), "mask"), (("N",), "unmask")])
def test_a_new_version_is_told_by_its_codes(codes: tuple[str, ...], operation: str) -> None:
    entry = etree.fromstring(entries.entry())
    body = Update("alimentation").version(entry, *codes).build()
    assert operations(body) == {operation}


def test_what_is_no_operation_says_nothing() -> None:
    assert status_operation("urn:unknown") == ""
    assert operations(Update("alimentation").build()) == set()
    entry = etree.fromstring(entries.entry())
    assert operations(Update("alimentation").version(entry, "N", lid=None).build()) == set()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("N",), ("N",), ()),
        (("N",), ("N", "MASQUE_PS"), ("mask",)),
        (("N", "MASQUE_PS"), ("N",), ("unmask",)),
        (("N", "INVISIBLE_PATIENT"), ("N",), ("show",)),
        (("N",), ("N", "INVISIBLE_REPRESENTANTS_LEGAUX"), ("hide",)),
        (("N", "INVISIBLE_PATIENT"), ("N", "MASQUE_PS"), ("mask", "show")),
        (
            ("N", "INVISIBLE_PATIENT", "MASQUE_PS"),
            ("N", "INVISIBLE_REPRESENTANTS_LEGAUX"),
            ("unmask", "show", "hide"),
        ),
    ],
)
def test_what_a_version_does_is_told_beside_the_one_before(
    before: tuple[str, ...], after: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert visibility_operations(before, after) == expected
