"""Every kind of paper, checked by veraPDF against PDF/A-3a and PDF/UA-1; and spoilt ones, which it refuses.

Its jars come with `make test` where Maven and Java are (tests/interop/verapdf). One process checks all the files.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from protocol.errors import Text
from reports.issue import compose, issue
from reports.keys import installation_seal
from reports.model import CaseLine, Named, Report
from reports.paper.layout import available
from tests.reports.made import build_run

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf

from harness.results import RunResult
from protocol import canonical, dsse
from reports.dossier import deciding
from reports.homologation import attestation
from reports.homologation.attestation import Facts
from reports.paper.pdf import pdf
from reports.sealing import pades
from tests.once import made_once
from tests.reports.dossier.conftest import office_of
from tests.reports.register.conftest import Hands

JARS: Final = Path(__file__).parents[2] / "interop" / "verapdf" / "lib"
PROFILES: Final = ("PDF/A-3A", "PDF/UA-1")
OFFICIAL: Final = "HDM-26E-7K3Q9XA-3F"
ISSUED: Final = datetime(2026, 11, 1, 9, 5, tzinfo=UTC)


def many(report: Report) -> Report:
    """Tables over pages, a long word, every verdict, an official pack, what was left out."""
    verdicts = ("PASS", "WARN", "FAIL", "ERROR", "INCONCLUSIVE", "MANUAL", "CONFIG", "NOT_APPLICABLE")
    one = report.cases[0]
    cases: list[CaseLine] = [
        replace(
            one,
            code=f"CT-{rank}.1-010",
            title=Text(f"Cas {rank} : « l'identité » " + "x" * 200 * (rank == 3), f"Case {rank}"),
            transactions=(f"TD{rank % 4}.{rank % 7}",),
            verdict=verdicts[rank % len(verdicts)],
        )
        for rank in range(24)
    ]
    left, pack = tuple(f"CT-9.{rank}-010" for rank in range(40)), Named("pack", "2026.1", "c" * 64)
    return replace(report, cases=tuple(cases), left_out=left, pack=pack, result="NON_CONFORM")


def official(made: Facts) -> Facts:
    """As an authority would issue it, about an integrator: no banner, no watermark."""
    raw = canonical.loads(dsse.read(made.envelope).payload)
    raw["predicate"] |= {
        "reference": OFFICIAL,
        "issuer": {"id": "HDM", "name": "Autorité"},
        "kind": "E",
        "parent": OFFICIAL,
    }
    return replace(made, envelope=dsse.sign(canonical.dumps(raw), [installation_seal()]))


@pytest.fixture(scope="module")
def java() -> str:
    found = shutil.which("java")
    if found is None or not list(JARS.glob("greenfield-apps-*.jar")):
        pytest.skip(
            "veraPDF is not here: `make test` fetches it where Java and Maven are (tests/interop/verapdf)"
        )
    return found


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def sealed(drawn: bytes) -> bytes:
    return pades.seal(drawn, pades.of_folder(), "essai")


def reports(place: Path) -> dict[str, bytes]:
    run = build_run(place / "run")
    issue(run)
    envelope, seal = (run / "rapport" / "statement.dsse.json").read_bytes(), installation_seal()
    told = compose(RunResult.load(run), reference="TST-26T-7K3Q9XA-KE", issued=ISSUED)
    return {
        "report fr sealed": sealed(pdf(told, envelope, seal, "fr")),
        "report en": pdf(replace(told, ended=told.ended.replace(day=24)), envelope, seal, "en"),
        "report fr, long tables, sealed": sealed(pdf(many(told), envelope, seal, "fr")),
        "report en official, no case": pdf(
            replace(told, reference=OFFICIAL, cases=(), requirements=(), result="CONFORM"),
            envelope,
            seal,
            "en",
        ),
    }


def attestations(place: Path) -> dict[str, bytes]:
    with office_of(place, Hands()) as bureau:
        verdicts = {f"CT-2.1-{rank:03}": "FAIL" for rank in range(14)}
        bureau.examined(verdicts={**verdicts, "CT-2.1-100": "PASS", "CT-3.1-010": "WARN"})
        for case in verdicts:
            reason = "la règle lisait mal « l'en-tête »\u202e ; corrigée"
            bureau.dossier.add("OVERRIDE", bureau.reviewers[0], reason, {"case": case, "verdict": "PASS"})
        for reviewer in bureau.reviewers:
            bureau.dossier.add("APPROVE", reviewer, "vu", {})
        deciding.grant(bureau.office, bureau.dossier, "conforme")
        facts = attestation.facts_of(bureau.office, bureau.dossier)
        code = attestation.code_of(facts, bureau.office)
        return {
            "attestation fr sealed": attestation.attestation(bureau.office, bureau.dossier, "fr"),
            "attestation en": attestation.document(facts, "en", code),
            "attestation fr official": attestation.document(official(facts), "fr", code),
        }


def spoilt(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        change(document)
        document.save(out)
    return out.getvalue()


def smoothed(document: pikepdf.Pdf) -> None:
    """The picture of the code, to be smoothed by who shows it: what the pages once asked."""
    for one in document.objects:
        if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image":
            one.Interpolate = True


def mute(document: pikepdf.Pdf) -> None:
    """Pictures without words for those who listen."""
    for one in document.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure":
            del one["/Alt"]


def unnamed(document: pikepdf.Pdf) -> None:
    """A font that is not inside."""
    for one in document.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor":
            del one["/FontFile2"]


#: What is done to a good document -> the clauses that veraPDF must name, by profile.
SPOILT: dict[str, tuple[Callable[[pikepdf.Pdf], None], dict[str, set[str]]]] = {
    "smoothed picture": (smoothed, {"PDF/A-3A": {"6.2.8"}, "PDF/UA-1": set()}),
    "picture without words": (mute, {"PDF/A-3A": set(), "PDF/UA-1": {"7.3"}}),
    "font not inside": (unnamed, {"PDF/A-3A": {"6.2.11.4.1"}, "PDF/UA-1": {"7.21.4.1"}}),
}
ISSUED_KINDS: Final = (
    "report fr sealed",
    "report en",
    "report fr, long tables, sealed",
    "report en official, no case",
    "attestation fr sealed",
    "attestation en",
    "attestation fr official",
)


Said = dict[str, dict[str, set[str]]]


@pytest.fixture(scope="module")
def said(java: str, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What veraPDF says of each document: the clauses that it breaks, by profile."""
    place = made_once(tmp_path_factory, "verapdf", lambda folder: check(java, folder))
    names = json.loads((place / "names.json").read_text(encoding="utf-8"))
    jobs = json.loads((place / "said.json").read_text(encoding="utf-8"))["report"]["jobs"]
    return {names[Path(job["itemDetails"]["name"]).name]: _broken(job) for job in jobs}


def check(java: str, place: Path) -> None:
    """Make every document, and have them all checked by one process."""
    made = {**reports(place / "reports"), **attestations(place / "office")}
    assert set(made) == set(ISSUED_KINDS)
    made |= {name: spoilt(made["report en"], change) for name, (change, _) in SPOILT.items()}
    names = {f"{rank:02}.pdf": name for rank, name in enumerate(made)}
    for file, name in names.items():
        (place / file).write_bytes(made[name])
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # it lives a few seconds
    words = [java, *quick, "-cp", f"{JARS}/*", "org.verapdf.apps.GreenfieldCliWrapper", "--format", "json"]
    done = subprocess.run(
        [*words, *names], cwd=place, capture_output=True, text=True, check=False, timeout=300
    )
    (place / "said.json").write_text(done.stdout, encoding="utf-8")
    (place / "names.json").write_text(json.dumps(names), encoding="utf-8")


def _broken(job: dict[str, Any]) -> dict[str, set[str]]:
    return {
        one["profileName"].removesuffix(" validation profile"): {
            rule["clause"] for rule in one["details"]["ruleSummaries"] if rule["ruleStatus"] == "FAILED"
        }
        for one in job["validationResult"]
    }


@pytest.mark.parametrize("kind", ISSUED_KINDS)
def test_what_is_issued_conforms(said: Said, kind: str) -> None:
    assert said[kind] == {profile: set() for profile in PROFILES}


@pytest.mark.parametrize("change", SPOILT)
def test_what_is_spoilt_is_refused(said: Said, change: str) -> None:
    assert said[change] == SPOILT[change][1]
