"""`dmpcompat demo`: the whole main job on embedded defaults."""

from __future__ import annotations

import os
from pathlib import Path

import click

from commands.options import ANY_PATH, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import Progress, dump, show_demo_end, show_verification, tell_unstamped


@click.command()
@click.option("--out", type=ANY_PATH, default=Path("demo-out"), help="Folder of the results; made anew.")
@click.option("--only", multiple=True, help="Cases to run, as for `run`; may be repeated.")
@click.option("--pack", help="Official pack to judge documents by too, registered by `pack add`.")
@shown
def demo(out: Path, only: tuple[str, ...], pack: str | None, lang: Lang, as_json: bool) -> int:
    """Run the whole main job on embedded defaults: PKI, mock, plan, evidence, signed report, verification."""
    import tempfile

    from harness.choices import Choices
    from harness.packs import registry as packs
    from harness.run import run_campaign
    from mock_dmp import pki
    from mock_dmp.server import MockServer
    from protocol.datafolders import folder
    from reports import issue, verify

    if pack is not None:
        packs.load(pack)  # an unknown one is told before anything is made or removed
    _fresh(out)
    progress = Progress(lang, quiet=as_json)

    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        progress.line("1/5  PKI de test", "1/5  Test PKI")
        certificates = Path(scratch) / "pki"
        pki.init(certificates)
        with MockServer(pki_folder=certificates, data_dir=Path(scratch) / "data", console=0) as mock:
            progress.line(
                f"2/5  DMP bouchonné sur {mock.url}, TLS mutuel", f"2/5  Mock DMP on {mock.url}, mutual TLS"
            )
            view = f"{mock.console_url}/ui/"
            progress.line(
                f"     vue en direct, le temps du plan : {view}", f"     live view, during the plan: {view}"
            )
            progress.line("3/5  Plan de tests", "3/5  Test plan")
            run = run_campaign(
                folder("test_plans") / "campagne-demo.yaml",
                Choices(
                    out=out,
                    target=mock.url,
                    pki=certificates,
                    only=only,
                    lang=lang,
                    listener=progress,
                    pack=pack,
                    jobs=os.cpu_count() or 1,
                ),
            )
    issued = issue.issue(out, lang=lang)
    tell_unstamped(issued.unstamped, issued.folder, lang)
    progress.line(
        f"4/5  Rapport signé {issued.report.reference}", f"4/5  Signed report {issued.report.reference}"
    )
    _on_paper(out, progress, lang)
    checked = verify.verify(out, rejudged=True)
    progress.line("5/5  Vérification hors ligne", "5/5  Offline verification")
    if as_json:
        dump({"run": run.to_plain(), "reference": issued.report.reference, "verification": checked.as_json()})
    else:
        show_verification(checked, lang)
        show_demo_end(out, issued.folder, run.counts(), lang)
    # Without the extra `sign` there is no time stamp, and nothing else is wanting.
    wanting = any(step.outcome != "OK" and step.name != "stamp" for step in checked.steps)
    return run.exit_code or (checked.exit_code if wanting else 0)


def _fresh(out: Path) -> None:
    """Empty the folder of an earlier demo; anything else that is there is not ours to remove."""
    import shutil

    marker = out / ".dmpcompat-demo"
    if out.exists() and any(out.iterdir()):
        if not marker.is_file():
            raise UsageError(
                "DEMO-001",
                Text("ce dossier contient autre chose qu'une démonstration", "this folder is not a demo's"),
                field="--out",
                found=str(out),
                mend=Text("choisir un dossier vide ou neuf", "choose an empty or new folder"),
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _on_paper(out: Path, progress: Progress, lang: Lang) -> None:
    """The report as a sealed PDF, where the extra `sign` is; elsewhere the reason is told."""
    from reports.paper.layout import available

    if missing := available():
        progress.line(f"     pas de PDF : {missing.fr}", f"     no PDF: {missing.en}")
        return
    from reports.paper.issue import on_paper

    path = on_paper(out, lang=lang)
    progress.line(f"     PDF scellé : {path}", f"     sealed PDF: {path}")
