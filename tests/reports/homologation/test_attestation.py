"""The attestation: what a director reads, what an engineer verifies, and nothing of the secret."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.errors import EvidenceError, Lang
from reports.dossier import deciding
from reports.paper.layout import ATTACHED, CLAIM, available
from tests.reports.dossier.conftest import Bureau, bureau, hands

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf
from lxml import html

from reports.homologation import bundle
from reports.homologation.attestation import RECEIPT, STAMP, attestation, facts_of, page, twin
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
        assert sorted(document.attachments) == sorted((ATTACHED, CLAIM, RECEIPT, STAMP))
        carried = document.attachments[ATTACHED].get_file().read_bytes()
        assert given.reference in str(document.docinfo["/Title"])
    assert carried == bundle.statement_of(bureau.office, bureau.dossier)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_it_says_who_decided_what_and_no_secret(bureau: Bureau, lang: Lang) -> None:
    bureau.examined(verdicts={"CT-2.1-010": "FAIL", "CT-2.1-020": "PASS"})
    facts = {"case": "CT-2.1-010", "verdict": "PASS"}
    bureau.dossier.add("OVERRIDE", bureau.reviewers[0], "la règle lisait mal <l'en-tête>", facts)
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    assert given.number is not None
    paged = page(facts_of(bureau.office, bureau.dossier), lang, "code")
    for told in (paged, twin(bureau.office, bureau.dossier, lang).decode()):
        assert given.reference in told
        assert "relectrice" in told and "relecteur" in told
        assert "la règle lisait mal &lt;l&#39;en-tête&gt;" in told
        assert given.number.commitment in told
        assert given.number.number not in told and given.number.nonce not in told
        assert str(bureau.office.register.checkpoint()).splitlines()[2] in told
        assert ("avec réserves" if lang == "fr" else "with reserves") in told
        assert "TEST" in told


def text_of(page: str) -> list[str]:
    """The words of the body, as they are read one after the other; those of style and title aside."""
    body = html.document_fromstring(page).find("body")
    assert body is not None
    return " ".join(str(one) for one in body.itertext()).split()


def test_the_twin_says_the_same_and_fetches_nothing(bureau: Bureau) -> None:
    bureau.approved()
    deciding.grant(bureau.office, bureau.dossier, "conforme")
    made = twin(bureau.office, bureau.dossier, "fr").decode()
    paged = page(facts_of(bureau.office, bureau.dossier), "fr", "code")
    tree = html.document_fromstring(made)
    tree.find_class("copy")[0].drop_tree()
    signature = html.document_fromstring(paged)
    signature.find_class("signature")[0].drop_tree()
    assert text_of(html.tostring(tree, encoding="unicode")) == text_of(
        html.tostring(signature, encoding="unicode")
    )
    # One file: no script, and nothing that a reader's machine would fetch.
    assert not list(tree.iter("script", "link", "iframe", "object", "form", "a"))
    assert all(image.get("src").startswith("data:image/") for image in tree.iter("img"))
    assert "http" not in made.replace('http-equiv="Content', "")
    # Read aloud: a language, one main part and one title, a text for each picture, a scope for each heading.
    assert tree.get("lang") == "fr"
    assert (len(list(tree.iter("main"))), len(list(tree.iter("h1")))) == (1, 1)
    assert all(image.get("alt") for image in tree.iter("img"))
    assert all(cell.get("scope") in ("row", "col") for cell in tree.iter("th"))


def test_a_file_without_a_number_has_none(bureau: Bureau) -> None:
    bureau.examined()
    with pytest.raises(EvidenceError, match="HOMO-010"):
        attestation(bureau.office, bureau.dossier, "fr")
