"""The attestation: what a director reads, what an engineer verifies, and nothing of the secret."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.errors import EvidenceError
from reports.dossier import deciding
from reports.paper.layout import ATTACHED, available
from tests.reports.dossier.conftest import Bureau, bureau, hands

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf

from reports.homologation import bundle
from reports.homologation.attestation import _page, attestation
from reports.sealing import pades, testauthority

__all__ = ["bureau", "hands"]


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def test_it_is_sealed_and_carries_the_statement(bureau: Bureau) -> None:
    bureau.approved()
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    made = attestation(bureau.office, bureau.dossier, "fr")
    place: Path = testauthority.folder()
    assert pades.verify(made, pades.trust([place / "authority.pem"], [place / testauthority.CRL])).signer
    with pikepdf.open(io.BytesIO(made)) as document:
        assert list(document.attachments) == [ATTACHED]
        carried = document.attachments[ATTACHED].get_file().read_bytes()
        assert given.reference in str(document.docinfo["/Title"])
    assert carried == bundle.statement_of(bureau.office, bureau.dossier)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_it_says_who_decided_what_and_no_secret(bureau: Bureau, lang: str) -> None:
    bureau.examined(verdicts={"CT-2.1-010": "FAIL", "CT-2.1-020": "PASS"})
    facts = {"case": "CT-2.1-010", "verdict": "PASS"}
    bureau.dossier.add("OVERRIDE", bureau.reviewers[0], "la règle lisait mal <l'en-tête>", facts)
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    assert given.number is not None
    envelope = bundle.statement_of(bureau.office, bureau.dossier)
    page = _page(bureau.office, bureau.dossier, envelope, lang)  # type: ignore[arg-type]
    assert given.reference in page
    assert "relectrice" in page and "relecteur" in page
    assert "la règle lisait mal &lt;l&#39;en-tête&gt;" in page
    assert given.number.commitment in page
    assert given.number.number not in page and given.number.nonce not in page
    assert str(bureau.office.register.checkpoint()).splitlines()[2] in page
    assert ("avec réserves" if lang == "fr" else "with reserves") in page
    assert "TEST" in page


def test_a_file_without_a_number_has_none(bureau: Bureau) -> None:
    bureau.examined()
    with pytest.raises(EvidenceError, match="HOMO-010"):
        attestation(bureau.office, bureau.dossier, "fr")
