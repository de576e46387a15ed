"""`dmpcompat scaffold`: the files with which a project starts, commented in its language; nothing is ever replaced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import click

from commands.options import ANY_PATH, shown
from protocol.datafolders import folder
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, tell

_TEMPLATES: Final = Path(__file__).parent / "templates"
#: A comment of one language: `#fr: …`, `//en: …`, `<!--fr: … -->`.
_OF_LANG: Final = re.compile(r"^(?P<before>\s*(?:#|//|<!--))(?P<lang>fr|en): ?")


class Made(NamedTuple):
    """One file: where it goes, the template that it comes from, whether it is a program."""

    place: str
    template: str
    program: bool = False


KITS: Final[dict[str, tuple[Made, ...]]] = {
    "campaign": (
        Made("campagne.yaml", "campaign/campagne.yaml"),
        Made("derogations.yaml", "campaign/derogations.yaml"),
        Made("LISEZMOI.md", "campaign/README.md"),
        Made("schema/campaign.schema.json", "schema/campaign.schema.json"),
        Made("schema/deviations.schema.json", "schema/deviations.schema.json"),
    ),
    "ci": (
        Made("avec-dmp.sh", "ci/avec-dmp.sh", program=True),
        Made(".github/workflows/dmp.yml", "ci/github.yml"),
        Made(".gitlab-ci.yml", "ci/gitlab.yml"),
        Made("maven/pom.xml", "ci/maven/pom.xml"),
        Made("maven/src/test/java/fr/exemple/DmpTest.java", "ci/maven/DmpTest.java"),
        Made("dotnet/EssaisDmp.csproj", "ci/dotnet/EssaisDmp.csproj"),
        Made("dotnet/DmpTests.cs", "ci/dotnet/DmpTests.cs"),
    ),
    "docker": (Made("compose.yaml", "docker/compose.yaml"),),
}


@click.command()
@click.argument("kit", type=click.Choice(list(KITS)))
@click.argument("place", type=ANY_PATH, metavar="DIR")
@shown
def scaffold(kit: str, place: Path, lang: Lang, as_json: bool) -> int:
    """Write the files of a KIT into DIR: a campaign, recipes of continuous integration, Docker. Replaces nothing."""
    made = write(kit, place, lang)
    if as_json:
        dump([str(path) for path in made])
    else:
        for path in made:
            click.echo(str(path))
        tell(lang, f"{len(made)} fichier(s) écrit(s) dans {place}", f"{len(made)} file(s) written in {place}")
    return 0


def write(kit: str, into: Path, lang: Lang) -> list[Path]:
    """Write a kit; the places of its files. Raises UsageError (SCAF-001) when one is there, writing none then."""
    files = {into / item.place: item for item in KITS[kit]}
    if there := [place for place in files if place.exists()]:
        raise UsageError(
            "SCAF-001",
            Text("ces fichiers existent déjà", "these files exist already"),
            field="DIR",
            found=", ".join(map(str, there)),
            mend=Text("choisir un autre dossier", "choose another folder"),
        )
    for place, item in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(in_lang(_source(item.template).read_text(encoding="utf-8"), lang))
        if item.program:
            place.chmod(0o755)
    return list(files)


def _source(template: str) -> Path:
    """Schemas are those that are shipped with the plans."""
    return (folder("test_plans") if template.startswith("schema/") else _TEMPLATES) / template


def in_lang(template: str, lang: Lang) -> str:
    """The template with the comments of that language only."""
    lines = []
    for line in template.splitlines():
        marked = _OF_LANG.match(line)
        if marked is None:
            lines.append(line)
        elif marked["lang"] == lang:
            lines.append(_said(marked["before"], line[marked.end() :]))
    return "\n".join(lines) + "\n"


def _said(before: str, text: str) -> str:
    if before.endswith("<!--") and text.startswith(
        "#"
    ):  # a heading of Markdown, kept out of the other language
        return text.removesuffix("-->").rstrip()
    return f"{before} {text}"
