"""An office of tests with its people, a clock that is turned, and evidence as a run would lodge it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.dossier.states import MOVES
from reports.keys import Seal, installation_seal
from reports.register.opening import Configuration, Office, init, open_office
from tests.reports.register.conftest import START, Hands

OPENING = {
    "holder": "Éditions Fictives SAS",
    "family": "Dossier Test",
    "products": [{"name": "LPS-TEST", "versions": ["1.0.0"]}],
    "profiles": ["alimentation"],
    "modes": ["direct"],
    "kind": "L",
}


def evidence(**changes: Any) -> dict[str, Any]:
    """Facts of a PIECE as `reports.dossier.lodging` makes them of a run."""
    return {
        "what": "evidence",
        "name": "TST-26T-7K3Q9XA-KE",
        "sha256": "ab" * 32,
        "evidenceSha256": "cd" * 32,
        "result": "CONFORM",
        "frames": "mock",
        "software": {"vendor": "Éditions Fictives SAS", "name": "LPS-TEST", "version": "1.0.0"},
        "profiles": ["alimentation"],
        "modes": ["direct"],
        "framework": "SEL-MP-037 2.10",
        "plan": {"name": "dmp-socle", "version": "1.0.0", "sha256": "ef" * 32},
        "rules": {"name": "dmpcompat", "version": "1", "sha256": "01" * 32},
        "verdicts": {"CT-2.1-010": "PASS", "CT-2.1-020": "WARN"},
        "requirements": {"EX_2.1-1071": "PASS"},
        "leftOut": [],
        "inherited": [],
        "executors": [],
        **changes,
    }


@dataclass
class Bureau:
    """The office, its people and one file."""

    office: Office
    people: People
    editor: Seal
    reviewers: tuple[Seal, Seal]
    dossier: Dossier

    @property
    def agency(self) -> Seal:
        return self.office.seal

    def through(self, *acts: str) -> None:
        """Make moves one after the other, each by somebody who may; `:what` puts a piece."""
        who = {"editor": self.editor, "reviewer": self.reviewers[0], "agency": self.agency}
        for act in acts:
            if act.startswith(":"):
                self.dossier.add(
                    "PIECE",
                    self.editor,
                    "pièce",
                    {"what": act[1:], "name": "x.pdf", "sha256": "00" * 32, "executors": []},
                )
            else:
                self.dossier.move(act, who[MOVES[act].roles[0]], "suite")

    def lodged(self, **changes: Any) -> None:
        """As far as lodged evidence."""
        self.through(*TO_TESTS)
        self.dossier.add("PIECE", self.editor, "preuves", evidence(**changes))
        self.dossier.move("lodge", self.editor, "dépôt")

    def examined(self, **changes: Any) -> None:
        self.lodged(**changes)
        self.dossier.move("examine", self.reviewers[0], "examen")

    def approved(self, **changes: Any) -> None:
        self.examined(**changes)
        for reviewer in self.reviewers:
            self.dossier.add("APPROVE", reviewer, "vu", {})


TO_TESTS = (
    "declare",
    "send-convention",
    ":convention",
    "sign-convention",
    "open-sandbox",
    ":results",
    ":attestation",
    "attest",
    "open-tests",
)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def bureau(tmp_path: Path, hands: Hands) -> Iterator[Bureau]:
    with office_of(tmp_path, hands) as made:
        yield made


@contextmanager
def office_of(place: Path, hands: Hands) -> Iterator[Bureau]:
    """An office in that folder with a file that was opened."""
    init(place / "registre", Configuration())
    made = installation_seal(place / "keys")
    seal = replace(made, key=replace(made.key, not_before=START - timedelta(days=1)))
    office = open_office(place / "registre", clock=hands, seal=seal)
    people = People(office.folder / "personnes", seal)
    editor = people.add("editeur", "editor", START)
    reviewers = (people.add("relectrice", "reviewer", START), people.add("relecteur", "reviewer", START))
    register = office.register
    dossier = Dossier(
        office.folder / "dossiers" / "lps-test", people, lambda name: register.standing(name).usable, hands
    )
    dossier.open(editor, "première demande", OPENING)
    yield Bureau(office, people, editor, reviewers, dossier)
    office.close()
