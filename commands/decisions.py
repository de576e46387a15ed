"""Decisions of the agency on application files: the number, and what becomes of it later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands import rooting, secretfile
from commands.office import LANG, PLACE, Desk, acting, agency_only, moment_of, plan_at
from commands.options import ANY_PATH, EXISTING, FILE, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, tell

if TYPE_CHECKING:
    from reports.register.store import Receipt


@click.command("issue")
@click.argument("name")
@click.option(
    "--number-file", type=ANY_PATH, help="Write the secret wire number there instead of showing it."
)
@click.option("--expires", help="Moment at which the homologation ends by itself (2029-01-31T12:00:00Z).")
@acting
@LANG
def issue(
    name: str,
    number_file: Path | None,
    expires: str | None,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Homologate: give the file NAME its number. The secret number is told once."""
    from reports.dossier.deciding import grant

    agency_only(who)
    if number_file is not None:
        # Before anything is decided: the number is told once, and would be told to nobody.
        secretfile.refuse_taken(number_file, "--number-file")
    with Desk(place) as desk:
        given = grant(desk.office, desk.dossier(name), reason, moment_of(expires, 0) if expires else None)
    tell(lang, f"référence publique : {given.reference}", f"public reference: {given.reference}")
    if given.number is None:
        tell(lang, "le numéro secret a déjà été remis", "the secret number was told before")
    elif number_file is not None:
        secretfile.write(number_file, f"{given.number.number}\n{given.number.nonce}\n", "--number-file")
        tell(lang, f"numéro secret : {number_file}", f"secret number: {number_file}")
    else:
        told = given.number
        tell(
            lang,
            f"numéro secret (LPS_ID_HOMOLOGATION_DMP), montré une seule fois : {told.number}\npreuve : {told.nonce}",
            f"secret number (LPS_ID_HOMOLOGATION_DMP), shown only once: {told.number}\nproof: {told.nonce}",
        )
    return 0


def _decision(
    name: str, french: str, english: str, act: Callable[..., Any], *, dated: str = "", days: int = 0
) -> click.Command:
    """A command of the agency about a number that was given."""

    def command(
        file: str, place: Path | None, who: str, reason: str, lang: Lang, on: str | None = None
    ) -> int:
        agency_only(who)
        with Desk(place) as desk:
            dossier = desk.dossier(file)
            moments = [moment_of(on, days)] if dated else []
            receipts = act(desk.office, dossier, reason, *moments)
        tell_entries(receipts, french, english, lang)
        return 0

    command.__doc__ = f"{english[0].upper()}{english[1:]} the homologation of the file FILE."
    made: Any = LANG(acting(command))
    if dated:
        made = click.option(f"--{dated}", "on", help="Moment (2026-01-31T12:00:00Z).")(made)
    return click.command(name)(click.argument("file")(made))


def tell_entries(receipts: Sequence[Receipt], french: str, english: str, lang: Lang) -> None:
    """A line an entry of the register."""
    for receipt in receipts:
        about, seq = receipt.entry.reference, receipt.entry.seq
        tell(
            lang,
            f"{about} : {french} (entrée {seq})" if about else f"{french} (entrée {seq})",
            f"{about}: {english} (entry {seq})" if about else f"{english} (entry {seq})",
        )


def _suspend(*given: Any) -> Any:
    from reports.dossier import deciding

    return deciding.suspend(*given)


def _reinstate(*given: Any) -> Any:
    from reports.dossier import deciding

    return deciding.reinstate(*given)


def _withdraw(*given: Any) -> Any:
    from reports.dossier import deciding

    return deciding.withdraw(*given)


def _notice(*given: Any) -> Any:
    from reports.dossier import deciding

    return deciding.notice(*given)


def _refuse(*given: Any) -> Any:
    from reports.dossier import deciding

    return deciding.refuse(*given)


def refuse_decisions(acts: Sequence[str]) -> None:
    """Raises UsageError for an act that the register must know of: a command of its own writes both."""
    from reports.dossier.states import DECISIONS

    if wrong := [act for act in acts if act in DECISIONS]:
        command = f"dmpcompat homologate {DECISIONS[wrong[0]]}"
        raise UsageError(
            "DOSSIER-076",
            Text("cet acte s'inscrit aussi au registre", "the register must know of this act"),
            field="ACT",
            found=wrong[0],
            mend=Text(command, command),
        )


suspend = _decision("suspend", "suspension", "suspend", _suspend)
reinstate = _decision("reinstate", "rétablissement", "reinstate", _reinstate)
withdraw = _decision("withdraw", "retrait", "withdraw", _withdraw, dated="effective")
refuse = _decision("refuse", "refus", "refuse", _refuse)
notice = _decision("notice", "mise en demeure", "give notice to", _notice, dated="deadline", days=180)


@click.command("supersede")
@click.argument("file")
@click.option("--by", required=True, help="Reference of the homologation that replaces it.")
@acting
@LANG
def supersede(file: str, by: str, place: Path | None, who: str, reason: str, lang: Lang) -> int:
    """Replace the homologation of the file FILE by another: a number that leaked, a scope that grew."""
    from reports import numbers
    from reports.dossier import deciding

    agency_only(who)
    with Desk(place) as desk:
        receipts = deciding.supersede(desk.office, desk.dossier(file), reason, str(numbers.parse(by)))
    tell_entries(receipts, "remplacement", "replacement", lang)
    return 0


@click.command("bundle")
@click.argument("name")
@click.argument("file", type=ANY_PATH)
@click.option("--run", type=EXISTING, help="The run that was decided on: its sealed PDF goes along.")
@PLACE
@LANG
def bundled(name: str, file: Path, run: Path | None, place: Path | None, lang: Lang) -> int:
    """Write into FILE everything that verifies the homologation of the file NAME offline."""
    from harness.evidence import write_atomic
    from reports.homologation import bundle

    with Desk(place) as desk:
        made = bundle.make(desk.office, desk.dossier(name), run)
        lacking = rooting.unsigned(desk.office)
    write_atomic(file, made.packed())
    tell(lang, f"paquet : {file}", f"bundle: {file}")
    for text in lacking:
        tell(lang, *text)
    return 0


@click.command("countersign")
@click.argument("name")
@click.option("--as", "who", required=True, help="The reviewer who signs.")
@PLACE
@LANG
def countersign(name: str, who: str, place: Path | None, lang: Lang) -> int:
    """Sign, as a reviewer who approved it, the statement of the file NAME beside the agency's seal."""
    from reports.homologation import bundle, countersigning

    with Desk(place) as desk:
        folder = bundle.folder_of(desk.office, desk.dossier(name))
        signed = countersigning.countersigned(folder, desk.people.person(who))
        names = ", ".join(desk.people.name(one) for one in signed)
    tell(lang, f"ont contresigné : {names}", f"countersigned by {names}")
    return 0


@click.command("attestation")
@click.argument("name")
@click.argument("file", type=ANY_PATH)
@PLACE
@LANG
def attested(name: str, file: Path, place: Path | None, lang: Lang) -> int:
    """Write into FILE the attestation of the file NAME: a sealed PDF/A-3 with the signed statement (extra `sign`).

    The last PDF that was made travels in the bundle. A FILE that ends in .html is a page to read, and is not sealed.
    """
    from harness.evidence import write_atomic
    from reports.homologation import attestation

    page = file.suffix.lower() in (".html", ".htm")
    with Desk(place) as desk:
        made = (attestation.twin if page else attestation.attestation)(desk.office, desk.dossier(name), lang)
        write_atomic(file, made)
    tell(lang, f"attestation : {file}", f"certificate: {file}")
    return 0


_CHANGED = click.option(
    "--changed", multiple=True, required=True, help="Transaction or profile that changed; may be repeated."
)
_PLAN = click.option(
    "--plan", type=EXISTING, help="The plan of the campaign, where it is not the one delivered here."
)


@click.command("set-aside")
@click.argument("name")
@click.argument("cases", metavar="[CASE...]", nargs=-1)
@click.option(
    "--outside-scope", is_flag=True, help="All that the profiles, modes and options of the file exclude."
)
@_PLAN
@acting
@LANG
def set_aside(
    name: str,
    cases: tuple[str, ...],
    outside_scope: bool,
    plan: Path | None,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Accept, as a reviewer, that cases do not apply: each CASE (`CT-1.*` for many), or --outside-scope.

    One act a case; the reason is kept with each, beside why the scope excludes it.
    """
    from protocol import transactions
    from reports.dossier import aside

    if bool(cases) == outside_scope:
        raise UsageError(
            "DOSSIER-075",
            Text("dire quels cas", "say which cases"),
            field="CASE",
            expected="CASE... | --outside-scope",
        )
    with Desk(place) as desk:
        dossier = desk.dossier(name)
        file = dossier.read()
        if outside_scope:
            chosen = aside.beyond_scope(file, plan_at(plan), transactions.load())
        else:
            chosen = {case: why for pattern in cases for case, why in aside.matching(file, pattern).items()}
        dossier.add_each("ACCEPT_NA", desk.people.person(who), aside.facts_of(chosen, reason))
    for case, why in chosen.items():
        tell(lang, f"{case} : {why.fr or reason}", f"{case}: {why.en or reason}")
    return 0


@click.command("regression")
@click.argument("name")
@_CHANGED
@_PLAN
@PLACE
@shown
def regression(
    name: str, changed: tuple[str, ...], plan: Path | None, place: Path | None, lang: Lang, as_json: bool
) -> int:
    """Which cases a new release of the file NAME must replay."""
    with Desk(place) as desk:
        codes = desk.regression(name, changed, plan)
    if as_json:
        dump(list(codes))
    for code in () if as_json else codes:
        tell(lang, code, code)
    return 0


@click.command("amend")
@click.argument("name")
@click.argument("run", type=EXISTING)
@_CHANGED
@_PLAN
@click.option("--trust", type=FILE, help="Trust file of whoever signed the report.")
@click.option(
    "--test-driver", is_flag=True, help="Accept the built-in driver as the software: rehearsals only."
)
@acting
@LANG
def amend(
    name: str,
    run: Path,
    changed: tuple[str, ...],
    plan: Path | None,
    trust: Path | None,
    test_driver: bool,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Add the release that RUN tested to the homologation of the file NAME."""
    from reports.dossier import deciding, lodging
    from reports.dossier.regression import refuse_short

    agency_only(who)
    with Desk(place) as desk:
        dossier = desk.dossier(name)
        facts = lodging.facts_of(run, trust, strict=desk.official)
        lodging.refuse_own_driver(facts, allowed=test_driver)
        refuse_short(dossier.read(), facts, desk.regression(name, changed, plan))
        deciding.amend(desk.office, dossier, reason, facts)
    version = facts["software"]["version"]
    tell(lang, f"version ajoutée : {version}", f"release added: {version}")
    return 0
