"""What the commands on application files share: the office, open while a command works; options, small words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from commands.options import ANY_PATH, default_lang
from protocol.errors import Lang, Text, UsageError
from reports.console import tell

if TYPE_CHECKING:
    from harness.plan import Plan
    from reports.dossier.book import Dossier
    from reports.dossier.view import View
    from reports.register.opening import Office

Command = TypeVar("Command", bound=Callable[..., Any])

PLACE = click.option(
    "--register",
    "place",
    type=ANY_PATH,
    envvar="DMPCOMPAT_REGISTER",
    help="Folder of the register, or DMPCOMPAT_REGISTER; your own by default.",
)
LANG = click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)


def acting(command: Command) -> Command:
    """Options of every act: which register, who acts, why."""
    who = click.option("--as", "who", default="", help="Who acts (`person`); the agency by default.")
    why = click.option("--reason", required=True, help="Why: kept with the act.")
    return PLACE(who(why(command)))


class Desk:
    """The office, open while a command works."""

    def __init__(self, place: Path | None) -> None:
        from reports.dossier.people import People
        from reports.register.opening import open_office

        self.office: Office = open_office(place)
        self.people = People(
            self.office.folder / "personnes", self.office.seal, self.office.folder / "trust.json"
        )
        self._files = self.office.folder / "dossiers"

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.office.close()

    def dossier(self, name: str) -> Dossier:
        from reports.dossier.book import Dossier
        from reports.dossier.heritage import reports_of

        if Path(name).name != name:
            raise UsageError(
                "DOSSIER-031",
                Text("nom de dossier refusé ou déjà pris", "name of a file refused or taken"),
                found=name,
                expected="[a-z0-9-]",
            )
        office = self.office
        return Dossier(
            self._files / name,
            self.people,
            lambda reference: office.register.standing(reference).usable,
            parent_reports=lambda reference: reports_of(office, reference),
        )

    @property
    def official(self) -> bool:
        """Whether it is an authority's own, and no rehearsal."""
        from reports.numbers import TEST_ISSUER

        return self.office.configuration.issuer != TEST_ISSUER

    def names(self) -> list[str]:
        from reports.dossier.book import names

        return names(self._files)

    def regression(self, name: str, changed: tuple[str, ...], plan: Path | None) -> tuple[str, ...]:
        from reports.dossier.regression import subset

        file = self.dossier(name).read()
        played = tuple(case for case, verdict in file.verdicts.items() if verdict != "NOT_APPLICABLE")
        return subset(plan_at(plan), played, changed)


def plan_at(path: Path | None) -> Plan:
    """The plan of that file; the one delivered here by default."""
    from harness.plan import load_plan
    from protocol.datafolders import folder

    return load_plan(path or folder("test_plans") / "dmp-socle.yaml").plan


def told(file: View, lang: Lang) -> int:
    from reports.dossier.states import STATES

    label = STATES[file.state][0]
    tell(lang, f"{file.dossier} : {label.fr}", f"{file.dossier}: {label.en}")
    return 0


def agency_only(who: str) -> None:
    if who:
        raise UsageError(
            "DOSSIER-072",
            Text("cet acte est celui de l'autorité", "this act is the agency's"),
            field="--as",
            found=who,
        )


def moment_of(text: str | None, days: int) -> datetime:
    from protocol.trust import moment

    if text is None:
        return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    try:
        return moment(text)
    except ValueError as problem:
        raise UsageError(
            "REG-055",
            Text("date illisible", "unreadable date"),
            found=text,
            expected="2026-01-31T12:00:00Z",
        ) from problem
