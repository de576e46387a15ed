"""Our rules and the official layers on a sample of mutants: nothing right is failed, no disagreement is unexplained."""

from __future__ import annotations

import re

import pytest

from bench import agreement
from bench.agreement import KITS, Agreement, Case, Said, explained, report, run

KIT = KITS / "ans-cda"
SAMPLES = sorted((KIT / "ExemplesCDA").glob("*.xml"))


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KIT} (DMPCOMPAT_KITS)")
def test_no_official_layer_says_alone_what_no_reason_covers() -> None:
    found = run(SAMPLES[::31], KIT, each=6, seed=3)
    assert found.false_alarms == []
    listed = agreement.reasons()
    alone = [case for case in found.cases if case.official and not case.ours]
    assert [case.official for case in alone if not explained(case, listed)] == []
    caught = found.caught()
    assert caught["both"] > caught["them alone"]


TEMPLATE = "*[cda:templateId/@root='1.3.6.1.4.1.19376.1.5.3.1.4.13']"


def test_the_table_tells_each_side_and_what_has_no_reason() -> None:
    known = Said("une entrée", "E_simpleObservation_int", TEMPLATE)
    both = Case("a.xml", "removed", "id", {"XSD": (Said("x"),)}, {"SCHEMA": ("XSD-CDA",)})
    ours = Case("a.xml", "value", "id", {}, {"CDA-HEADER": ("CDA-INS-KEY",)})
    theirs = Case("a.xml", "value", "id", {"IHE": (known,)}, {})
    strange = Case("a.xml", "value", "id", {"XSD": (Said("inconnu"),)}, {})
    said = "\n".join(report(Agreement(1, [both, ours, theirs, strange])))
    assert "| both | 1 | 25.0% |" in said
    assert "| us alone | 1 | 25.0% |" in said
    assert "| XSD | 2 | 1 | 1 |" in said
    assert "**no reason listed** | 1 |" in said
    assert explained(theirs, agreement.reasons())


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("IHE", Said("une entrée", "E_nouvelleEntree_int", TEMPLATE)),
        ("IHE", Said("l'en-tête", "E_simpleObservation_int", "cda:ClinicalDocument")),
        ("MDC", Said("une entrée", "E_simpleObservation_int", TEMPLATE)),
        ("ANS", Said("une section", "S_autre_ANS", "*[cda:templateId/@root='1.2.250.1.213.1.1.2.9']")),
        (
            "VOLET",
            Said("[Entete_CR-BIO] L'élément title est interdit", "Entete_CR-BIO", "cda:ClinicalDocument"),
        ),
        ("VOLET", Said("[Entete_LDL] L'élément title est obligatoire", "Entete_LDL", "cda:ClinicalDocument")),
        ("TERM", Said("un code inconnu", "TERM_1", TEMPLATE)),
        ("SM", Said("dtr1-4-XX: something else", "", "", "error")),
        (
            "SM",
            Said(
                "(CI-SISAuthor): Cette valeur n'est pas présente dans le JDV_J245-Civilite", "", "", "error"
            ),
        ),
        (
            "SM",
            Said(
                "(CI-SISAuthor)/d1-true-d2: this element 'x' is not defined, or not defined", "", "", "error"
            ),
        ),
        ("XSD", Said("x")),
    ],
)
def test_what_a_layer_says_that_is_not_listed_is_noticed(layer: str, said: Said) -> None:
    """Another pattern, another context, another text or another role than those of a reason."""
    assert explained(Case("a.xml", "value", "id", {layer: (said,)}, {}), agreement.reasons()) == ""


def test_a_reason_is_about_one_layer_and_says_exactly_what() -> None:
    for one in agreement.reasons():
        assert one.layer in agreement.LAYERS
        assert one.why
        assert one.says or (one.patterns and one.context), one
        assert re.compile(one.says).fullmatch("") is None or not one.says
        assert not one.context or re.search(one.context, "cda:other") is None
