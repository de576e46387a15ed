from __future__ import annotations

from pathlib import Path

import pytest

from protocol import transactions
from protocol.acceptance_rules import rules, switches
from protocol.catalogue import error
from protocol.errors import ToolError
from protocol.requirements import requirement
from protocol.transactions import Transaction, load

ALL = tuple(load())
HL7 = "urn:hl7-org:v3"


def test_every_transaction_of_the_interface_is_described() -> None:
    families = {
        "TD0": "0 1 2 3 4 5 9 10",
        "TD1": "1 2 3a 3b 4 5a 5b 5c 5d 6",
        "TD2": "1 2",
        "TD3": "1 2 3a 3b 3c 3d",
    }
    expected = [f"{family}.{rest}" for family, several in families.items() for rest in several.split()]
    assert list(load().ids()) == expected


def test_every_one_is_implemented() -> None:
    assert [one.id for one in load() if not one.implemented] == []
    assert [one.id for one in load().implemented()] == list(load().ids())


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_description_is_coherent(one: Transaction) -> None:
    assert (one.message == "soap") == bool(one.service and one.action and one.request_root)
    assert one.implemented == (not one.planned.fr)
    assert one.title.fr and one.title.en
    for code in one.error_codes:
        error(code)
    assert one.message == "url" or {"DMPInvalidCertificate", "wsa:ActionNotSupported"} <= set(one.error_codes)
    for identifier in one.requirements:
        requirement(identifier)
    assert len(set(one.error_codes)) == len(one.error_codes)
    assert len(set(one.requirements)) == len(one.requirements)


@pytest.mark.parametrize("one", [one for one in ALL if one.message == "soap"], ids=lambda one: one.id)
def test_an_action_and_a_root_lead_back_to_the_transaction(one: Transaction) -> None:
    for discriminant in one.discriminator.values if one.discriminator else ("",):
        assert load().by_action(one.action, one.request_root, {discriminant}) is one
    assert one in load().sharing(one.action)
    assert one in load().by_root(one.request_root)
    assert one in load().for_path(one.service_path)


def test_two_transactions_of_one_action_differ_by_what_they_say() -> None:
    for one in ALL:
        for other in load().sharing(one.action):
            if one is not other:
                assert one.discriminator and other.discriminator
                assert not set(one.discriminator.values) & set(other.discriminator.values)


def test_without_a_discriminant_the_implemented_one_answers() -> None:
    action, root = f"{HL7}:PRPA_IN201307UV02", f"{{{HL7}}}PRPA_IN201307UV02"
    for discriminant in ("", "UNKNOWN_REASON"):
        chosen = load().by_action(action, root, (discriminant,))
        assert chosen is not None and chosen.id == "TD0.2"


def test_an_action_with_the_root_of_another_is_nobody_s() -> None:
    assert load().by_action("urn:ihe:iti:2007:RegistryStoredQuery", f"{{{HL7}}}PRPA_IN201307UV02") is None
    assert load().by_action("", "") is None
    assert load().sharing("") == () == load().by_root("")


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/si-dmp-server/v2/services/habilitations", ["TD0.3", "TD1.6"]),
        ("/si-dmp-server/v1/services/repository/?wsdl", ["TD2.1", "TD2.2", "TD3.2"]),
        ("/si-dmp-server/v2/services/patientsPDQ", ["TD0.5"]),
        ("/si-dmp-server/v2/services/", []),
        ("/si-dmp-server/v2/services/unknown", []),
        ("/", []),
    ],
)
def test_a_path_offers_its_transactions(path: str, ids: list[str]) -> None:
    assert [one.id for one in load().for_path(path)] == ids


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(ToolError) as caught:
        load().by_id("TD9.9")
    assert (caught.value.code, caught.value.found) == ("TD-001", "TD9.9")
    assert "TD9.9" not in load() and "TD2.1" in load()


def test_what_is_unknown_is_told_with_what_stands_for_it() -> None:
    for one in load():
        told = [item.what.en for item in one.unknown]
        assert told, f"{one.id}: nothing unknown?"
        assert len(told) == len(set(told)), one.id


def test_the_settings_of_an_unknown_exist_and_are_about_the_transaction() -> None:
    known = {**rules(), **switches()}
    wrong = [
        (one.id, name)
        for one in load()
        for item in one.unknown
        for name in item.settings
        if name not in known or not {"*", one.id} & set(known[name].transactions)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("unknown:", "unknown:\n  - here: {fr: a, en: a}"), "unknown.0.what"),
        (("id: TD0.2", "id: TD0.3"), "id"),
        (("confidence: A", "confidence: Z"), "confidence"),
        (("access: [normal, ", "access: [anormal, "), "access"),
        (("mtom_request: never", "mtom_request: sometimes"), "soap.mtom_request"),
        (("service: patients", "service: nowhere"), "service"),
        (("kind: reason", "kind: guess"), "discriminator.kind"),
        (("status: implemented", "status: planned"), "planned"),
        (("status: implemented", "surprise: 1\nstatus: implemented"), "surprise"),
    ],
)
def test_a_wrong_description_is_named(
    change: tuple[str, str], field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (transactions.folder("datasets") / "transactions" / "TD0_2.yaml").read_text(encoding="utf-8")
    assert change[0] in good
    (tmp_path / "transactions").mkdir()
    bad = tmp_path / "transactions" / "TD0_2.yaml"
    bad.write_text(good.replace(*change, 1), encoding="utf-8")
    monkeypatch.setattr(transactions, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        transactions.load.__wrapped__()
    assert caught.value.field.startswith(str(bad))
    assert caught.value.field.endswith(f" {field}")
