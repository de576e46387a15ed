"""A bundle still verifies when the file goes on, and says what the homologation became."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reports.dossier import deciding
from reports.homologation import bundle
from tests.reports.dossier.conftest import OPENING, Bureau, bureau
from tests.reports.dossier.test_later import evolved
from tests.reports.homologation.test_verify import Homologated, first_wrong, good, home, outcome
from tests.reports.register.conftest import hands

__all__ = ["bureau", "good", "hands", "home"]


def test_after_a_release_was_examined_in_full(good: Homologated) -> None:
    made: Bureau = good.bureau
    evolved(made)
    deciding.grant(made.office, made.dossier, "conforme aussi")
    after = bundle.make(made.office, made.dossier, good.brought.run)
    for one in (good.bundle, after):
        assert first_wrong(good.verified(one, status=good.listed(), at=good.hands.now)) == 0


def test_after_it_was_replaced(good: Homologated, tmp_path: Path) -> None:
    made: Bureau = good.bureau
    other = replace(made, dossier=replace(made.dossier, folder=made.dossier.folder.parent / "lps-test-2"))
    other.dossier.open(other.editor, "numéro divulgué", OPENING)
    other.approved()
    new = deciding.grant(other.office, other.dossier, "conforme").reference
    deciding.supersede(made.office, made.dossier, "numéro divulgué", new)
    found = good.verified(status=good.listed(), at=good.hands.now)
    assert first_wrong(found) == 9
    assert outcome(found)[8] == "OK"
