"""`dmpcompat register`: the append-only register of homologations, its proofs, the lists made from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands import keeping, noting, rooting, secretfile
from commands.office import PLACE
from commands.options import ANY_PATH, EXISTING, FILE, default_lang, shown
from commands.trusting import trust
from commands.witness import cosign, witness
from protocol.errors import Lang, Text, UsageError
from protocol.visible import one_line
from reports.console import dump, tell

if TYPE_CHECKING:
    from reports.register.opening import Office

_AT = click.option("--at", help="Moment to look at (2026-01-31T12:00:00Z); now by default.")


@click.group()
def register() -> None:
    """The append-only register of homologations: entries, proofs, status list, public list."""


@register.command("init")
@click.argument("folder", type=ANY_PATH, envvar="DMPCOMPAT_REGISTER")
@click.option("--issuer", default="TST", help="Three letters that begin its references.")
@click.option("--name", help="Name of the authority.")
@click.option("--origin", default="dmpcompat.test/homologations", help="Origin of its log.")
@click.option("--db", default="", help="SQLAlchemy URL; a SQLite file of the folder by default.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def init(folder: Path, issuer: str, name: str | None, origin: str, db: str, lang: Lang) -> int:
    """Make a register in FOLDER, with keys of its own."""
    from pydantic import ValidationError

    from reports.register.opening import Configuration, open_office
    from reports.register.opening import init as make

    given = {"issuer": issuer, "origin": origin, "database": db} | ({"name": name} if name else {})
    try:
        configuration = Configuration.model_validate(given)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise UsageError(
            "REG-053",
            Text("configuration refusée", "configuration refused"),
            field=f"--{first['loc'][0]}",
            found=str(first["input"]),
            expected=str(first.get("ctx", {}).get("pattern", first["msg"])),
        ) from problem
    make(folder, configuration)
    office = open_office(folder)
    key = str(office.log_key)
    rooted = rooting.first(office)
    office.close()
    tell(lang, f"registre : {folder}\nclé du journal : {key}", f"register: {folder}\nkey of the log: {key}")
    for text in rooted:
        tell(lang, *text)
    return 0


@register.command("list")
@PLACE
@_AT
@shown
def listing(place: Path | None, at: str | None, lang: Lang, as_json: bool) -> int:
    """What every reference is worth."""
    from reports.register.standing import LABELS

    office = _open(place)
    standings = office.register.standings(_moment(at))
    office.close()
    if as_json:
        dump([_plain(one) for one in standings])
    for one in () if as_json else standings:
        tell(lang, f"{one.reference}  {LABELS[one.state].fr}", f"{one.reference}  {LABELS[one.state].en}")
    return 0


@register.command("show")
@click.argument("reference")
@PLACE
@_AT
@shown
def show(reference: str, place: Path | None, at: str | None, lang: Lang, as_json: bool) -> int:
    """The state of a REFERENCE, its entries, and the proof that they are in the register. 1 when it can't be used."""
    from reports.register.standing import LABELS

    office = _open(place)
    known = office.numbering.references.read(reference)
    standing = office.register.standing(known, _moment(at))
    receipts = [office.register.receipt(entry.seq) for entry in office.register.entries(known)]
    office.close()
    if as_json:
        dump(
            {
                **_plain(standing),
                "checkpoint": str(receipts[-1].checkpoint) if receipts else "",
                "entries": [
                    {
                        "leaf": one.entry.leaf().decode(),
                        "path": [step.hex() for step in one.path],
                        "holds": one.holds(),
                    }
                    for one in receipts
                ],
            }
        )
    else:
        tell(lang, f"{known} : {LABELS[standing.state].fr}", f"{known}: {LABELS[standing.state].en}")
        for one in receipts:
            told = f"{one.entry.kind}  {one_line(one.entry.reason)}"
            line = f"  {one.entry.seq}  {one.entry.at:%Y-%m-%d %H:%M:%S}Z  {told}"
            tell(lang, line, line)
    return 0 if standing.usable else 1


@register.command("audit")
@click.argument("folder", type=EXISTING, required=False)
@click.option("--since", type=FILE, help="A checkpoint that you kept (one is in every report).")
@click.option("--key", "log_key", help="Key of the log (name+hint+base64), when FOLDER is a published copy.")
@click.option(
    "--witness", "named", multiple=True, help="Key of a witness; repeatable. The register's by default."
)
@click.option(
    "--witnesses", "quorum", type=click.IntRange(0), help="How many must have cosigned; all named ones."
)
@click.option("--authority", type=EXISTING, help="Certification authority of time stamps (folder).")
@PLACE
@shown
def audit(
    folder: Path | None,
    since: Path | None,
    log_key: str | None,
    named: tuple[str, ...],
    quorum: int | None,
    authority: Path | None,
    place: Path | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Audit a register, or the published copy in FOLDER: whole, in order, and continuing a checkpoint of yours."""
    from commands import auditing

    lines = auditing.lines(folder, since, log_key, named, quorum, place, authority)
    if as_json:
        dump(
            [{"outcome": line.outcome, "text": line.text._asdict(), "detail": line.detail} for line in lines]
        )
    for line in () if as_json else lines:
        tell(
            lang,
            f"{line.outcome}  {line.text.fr} ({line.detail})",
            f"{line.outcome}  {line.text.en} ({line.detail})",
        )
    return 1 if any(line.outcome == "KO" for line in lines) else 0


@register.command("export")
@click.argument("folder", type=ANY_PATH)
@PLACE
@click.option(
    "--days", type=click.IntRange(1, 365), default=1, show_default=True, help="Life of the status list."
)
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def export(folder: Path, place: Path | None, days: int, lang: Lang) -> int:
    """Write what an authority publishes into FOLDER: public list, signed status list, tiles of the log, trust file."""
    from harness.evidence import write_atomic
    from reports.register import public, stamps, status, tiles, trustfiles

    office = _open(place)
    at = datetime.now(UTC)
    listed = status.status_list(office.register, office.configuration.issuer, at, timedelta(days=days))
    public.export(office, folder, at, lang)
    trusts = dict(trustfiles.published(office))
    point = office.register.checkpoint()
    tiles.export(folder / "log", office.register.leaves(), point)
    write_atomic(folder / "status.json", status.signed(listed, office.seal))
    for name, data in trusts.items():
        write_atomic(folder / name, data)
    write_atomic(folder / "log" / "key.txt", f"{office.log_key}\n".encode())
    for name, data in (office.documents.public() if office.documents else {}).items():
        write_atomic(folder / "authority" / name, data)
    stamps.export(
        folder / "log", office, point
    )  # last: a service that does not answer keeps nothing else back
    office.close()
    tell(
        lang,
        f"{len(listed.entries)} homologation(s) publiées dans {folder}",
        f"{len(listed.entries)} homologation(s) published in {folder}",
    )
    if trustfiles.CHAIN not in trusts:
        tell(lang, *rooting.NO_ROOT)
    return 0


@register.command("tag-key")
@click.argument("file", type=ANY_PATH)
@PLACE
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def tag_key(file: Path, place: Path | None, lang: Lang) -> int:
    """Write into FILE the key by which a platform knows the wire numbers of the status list. It opens no seal, but
    whoever has it can try every number: keep it like them.
    """
    secretfile.refuse_taken(file, "FILE")
    office = _open(place)
    key = office.numbering.secret.tag_key
    office.close()
    secretfile.write(file, key.hex() + "\n", "FILE")
    tell(lang, f"clé écrite : {file}", f"key written: {file}")
    return 0


@register.command("holes")
@PLACE
@click.option("--hours", type=click.IntRange(0), default=24, show_default=True, help="Drawn that long ago.")
@click.option("--log", "reason", help="Say in the register, for this reason, that they will never be given.")
@shown
def holes(place: Path | None, hours: int, reason: str | None, lang: Lang, as_json: bool) -> int:
    """References that were drawn and that no entry uses."""
    office = _open(place)
    found = office.numbering.holes(datetime.now(UTC), timedelta(hours=hours))
    if reason and found:
        office.numbering.log_holes(found, office.seal.keyid, reason)
    office.close()
    if as_json:
        dump(list(found))
    for one in () if as_json else found:
        tell(lang, one, one)
    return 0


for _command in (trust, witness, cosign, keeping.backup, keeping.restore, noting.rules, noting.lapse):
    register.add_command(_command)


def _open(place: Path | None) -> Office:
    from reports.register.opening import open_office

    return open_office(place)


def _moment(text: str | None) -> datetime:
    from protocol.trust import moment

    if text is None:
        return datetime.now(UTC)
    try:
        return moment(text)
    except ValueError as problem:
        raise UsageError(
            "REG-055",
            Text("date illisible", "unreadable date"),
            field="--at",
            found=text,
            expected="2026-01-31T12:00:00Z",
        ) from problem


def _plain(one: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(one).items()
    }
