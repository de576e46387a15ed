"""An integrator stands on a homologated connector: what it inherits counts while the connector is in force."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import load_campaign
from harness.choices import Choices
from harness.inheritance import Heritage, inherited
from harness.run import run_campaign
from mock_dmp.server import MockServer
from protocol import canonical, dsse
from protocol.errors import DmpcompatError, EvidenceError
from protocol.trust import trust_document
from reports import statement
from reports.dossier import deciding, heritage, lodging, telling
from reports.dossier.book import Dossier, IllegalAct
from reports.dossier.guards import Asked
from reports.dossier.guards import heritage as stopped
from reports.homologation import bundle
from reports.homologation import statement as decision
from reports.homologation.agreement import with_report
from reports.homologation.reading import Brought
from reports.homologation.verify import verify
from reports.inheriting import prove
from reports.issue import issue
from reports.keys import installation_seal
from reports.register import status
from tests.reports.dossier.conftest import OPENING, Bureau, office_of
from tests.reports.register.conftest import Hands
from tests.reports.test_inheriting import ENGINE, OWN, campaign, connector, home, pinned

__all__ = ["connector", "home"]

SCOPE = {
    "holder": "Éditeur fictif",
    "profiles": ["alimentation", "consultation"],
    "modes": ["direct", "indirect"],
}


@dataclass
class Chain:
    """A connector that was homologated, and the run of an integrator that inherits from it."""

    bureau: Bureau
    hands: Hands
    parent: Dossier
    reference: str
    given: dict[str, Any]
    connector_run: Path
    place: Path

    def file(self, name: str, parent: str = "") -> Dossier:
        office = self.bureau.office
        made = Dossier(
            self.parent.folder.parent / name,
            self.bureau.people,
            lambda reference: office.register.standing(reference).usable,
            self.hands,
            lambda reference: heritage.reports_of(office, reference),
        )
        family = {"family": "Intégration", "products": [{"name": "INTEGRATEUR", "versions": ["2.1"]}]}
        made.open(
            self.bureau.editor,
            "intégration",
            {**OPENING, **SCOPE, **family, "kind": "I", "parent": parent or self.reference},
        )
        return made

    def published(self) -> None:
        """The authority's status list of now."""
        office = self.bureau.office
        made = status.status_list(office.register, "TST", self.hands.now)
        (self.place / "statuts.json").write_bytes(status.signed(made, self.bureau.agency))

    def heirs(self, **more: Any) -> Heritage:
        self.published()
        told = {**self.given, "homologation": {**self.given["homologation"], **more.pop("homologation", {})}}
        path = campaign(self.place / "c", "INTEGRATEUR", "INTEG-2026-7", {**told, **more})
        return inherited(load_campaign(path), prove, self.at)

    @property
    def at(self) -> datetime:
        return self.hands.now


@pytest.fixture(scope="module")
def chain(connector: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    place, hands = tmp_path_factory.mktemp("chaine"), Hands()
    with office_of(place, hands) as bureau:
        parent = Dossier(bureau.dossier.folder.parent / "connecteur", bureau.people, clock=hands)
        family = {"family": "Connecteurs", "products": [{"name": "CONNECTEUR", "versions": ["2.1"]}]}
        parent.open(bureau.editor, "connecteur", {**OPENING, **SCOPE, **family, "kind": "E"})
        bureau.dossier = parent
        bureau.approved(**lodging.facts_of(connector, rejudged=False))
        reference = deciding.grant(bureau.office, parent, "conforme").reference
        (place / "connecteur.dmpbundle").write_bytes(bundle.make(bureau.office, parent, connector).packed())
        (place / "agence.json").write_bytes(trust_document(list(bureau.people.known().values())))
        given = pinned(
            connector,
            homologation={
                "bundle": str(place / "connecteur.dmpbundle"),
                "trust": str(place / "agence.json"),
                "status": str(place / "statuts.json"),
                "log_key": str(bureau.office.log_key),
            },
        )
        yield Chain(bureau, hands, parent, reference, given, connector, place)


@pytest.fixture(scope="module")
def run(chain: Chain, mock: MockServer, pki_folder: Path) -> Path:
    """The integrator's run: one case played, two inherited."""
    chain.published()
    path = campaign(chain.place / "i", "INTEGRATEUR", "INTEG-2026-7", pinned(chain.connector_run))
    run_campaign(path, Choices(out=chain.place / "i" / "run", target=mock.url, pki=pki_folder, prove=prove))
    issue(chain.place / "i" / "run")
    return chain.place / "i" / "run"


def test_a_homologated_connector_is_inherited_under_its_reference(chain: Chain) -> None:
    found = chain.heirs()
    assert {one.homologation for one in found.cases.values()} == {chain.reference}
    assert set(found.cases) == set(ENGINE)
    assert set(found.played) == {OWN}


@pytest.mark.parametrize(
    ("homologation", "code"),
    [
        ({"bundle": "nulle-part.dmpbundle"}, "INH-010"),
        ({"log_key": "autre.registre+2ac8f2e1+AW9cNbMI9zdhKgjPg1D3pu/yr84Rmvug5o1h65cJgLD4"}, "INH-016"),
        ({"status": "agence.json"}, "INH-015"),
    ],
)
def test_a_homologation_that_does_not_verify_proves_nothing(
    chain: Chain, homologation: dict[str, str], code: str
) -> None:
    with pytest.raises(DmpcompatError) as problem:
        chain.heirs(
            homologation={
                name: str(chain.place / value) if name != "log_key" else value
                for name, value in homologation.items()
            }
        )
    assert problem.value.code == code


def test_a_stranger_s_authority_proves_nothing(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "autre.json").write_bytes(trust_document([installation_seal(tmp_path / "keys").key]))
    with pytest.raises(EvidenceError, match="INH-016"):
        chain.heirs(homologation={"trust": str(tmp_path / "autre.json")})


def test_what_is_inherited_is_told_to_the_file(chain: Chain, run: Path) -> None:
    facts = lodging.facts_of(run, rejudged=False)
    assert facts["verdicts"] == {**dict.fromkeys(ENGINE, "INHERITED"), OWN: "PASS"}
    assert set(facts["heritage"].values()) == heritage.reports_of(chain.bureau.office, chain.reference)
    assert "INHERITED" in facts["requirements"].values()


def test_a_case_that_the_connector_did_not_prove_is_not_lodged(run: Path) -> None:
    payload = dsse.read((run / "rapport" / "statement.dsse.json").read_bytes()).payload
    told = statement.read(payload)["predicate"]
    for change in ({"code": OWN}, {"verdict": "WARN"}, {"code": "CT-9.9-010"}):
        wrong = copy.deepcopy(told)
        wrong["inherited"][0] |= change
        with pytest.raises(EvidenceError, match="DOSSIER-024"):
            heritage.of_run(run / "preuves", wrong)


def test_inherited_cases_count_while_the_connector_is_in_force(
    chain: Chain, run: Path, tmp_path: Path
) -> None:
    bureau, facts = chain.bureau, lodging.facts_of(run, rejudged=False)
    bureau.dossier = child = chain.file("integrateur")
    bureau.approved(**facts)
    deciding.suspend(bureau.office, chain.parent, "faille du connecteur")
    with pytest.raises(IllegalAct, match=r"CT-2\.1-020"):
        deciding.grant(bureau.office, child, "x")
    told = telling.status(child, bureau.people)
    assert told["delegated"] == {"connector": chain.reference, "in_force": False, "cases": sorted(ENGINE)}
    assert "count no more" in telling.sentences(told, "en")
    with pytest.raises(DmpcompatError, match="INH-015"):
        chain.heirs()
    gone = chain.heirs(otherwise="play")
    assert not gone.cases
    assert set(gone.played) == set(ENGINE)
    deciding.reinstate(bureau.office, chain.parent, "corrigée")
    given = deciding.grant(bureau.office, child, "conforme")
    said = decision.read(dsse.read(bundle.statement_of(bureau.office, child)).payload)["predicate"]
    assert {one["code"]: one["counts"] for one in said["cases"]} == facts["verdicts"]
    with_report(said, dsse.read((run / "rapport" / "statement.dsse.json").read_bytes()).payload)
    assert set(chain.heirs().cases) == set(ENGINE)
    made = bundle.make(bureau.office, child, run).packed()
    assert standing(chain, made, run) == f"ACTIVE ({chain.reference} ACTIVE)"
    # The connector goes: its integrators are told, and a new release can't rest on it any more.
    receipts = deciding.withdraw(bureau.office, chain.parent, "fin", chain.hands.now + timedelta(days=1))
    assert [(one.entry.kind, one.entry.reference) for one in receipts] == [
        ("WITHDRAW", chain.reference),
        ("NOTICE", given.reference),
    ]
    chain.hands.move(days=2)
    entries = len(bureau.office.register.entries())
    with pytest.raises(IllegalAct, match="not active"):
        deciding.amend(bureau.office, child, "version", facts)
    assert len(bureau.office.register.entries()) == entries
    chain.published()
    assert standing(chain, made, run) == f"NOTICE ({chain.reference} WITHDRAWN)"


def standing(chain: Chain, made: bytes, run: Path) -> str:
    """What the verification of the integrator's bundle says of its state; nothing in it is wrong."""
    given = chain.given["homologation"]
    brought = Brought(
        trust=Path(given["trust"]),
        status=Path(given["status"]),
        log_key=given["log_key"],
        run=run,
        at=chain.at,
    )
    steps = verify(made, brought).steps
    assert [(step.number, step.detail.en) for step in steps if step.outcome == "KO"] == []
    return steps[8].detail.en


def test_the_reports_of_another_connector_do_not_count(chain: Chain, run: Path) -> None:
    facts = lodging.facts_of(run, rejudged=False)
    file = chain.file("autre").read()
    ours = heritage.reports_of(chain.bureau.office, chain.reference)
    assert stopped(file, facts, Asked("x", "agency", parent_reports=ours)) is None
    for wrong in (
        {"heritage": {}},
        {"heritage": dict.fromkeys(facts["inherited"], "00" * 32)},
        {"inherited": []},
    ):
        stop = stopped(file, {**facts, **wrong}, Asked("x", "agency", parent_reports=ours))
        assert stop is not None
        assert "another connector" in stop.text.en
    alone = copy.copy(file)
    alone.opening = {name: value for name, value in file.opening.items() if name != "parent"}
    assert stopped(alone, facts, Asked("x", "agency")) is not None
    assert heritage.reports_of(chain.bureau.office, "TST-26E-7K3Q9XA-KE") == frozenset()


def test_a_decision_that_was_not_entered_vouches_for_no_report(chain: Chain) -> None:
    payload = canonical.dumps({"x": 1})
    place = chain.bureau.office.folder / "declarations" / chain.reference / "statement.dsse.json"
    kept = place.read_bytes()
    place.write_bytes(dsse.sign(payload, [chain.bureau.agency]))  # not the one that was entered
    assert heritage.reports_of(chain.bureau.office, chain.reference) == frozenset()
    place.write_bytes(kept)
    assert len(heritage.reports_of(chain.bureau.office, chain.reference)) == 1
