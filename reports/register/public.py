"""The public list: every homologation, as pages, JSON with its schema, CSV, and a badge; made from the register alone.

One page a reference, at an address that never changes (`n/<reference>.html`). The secret wire number is nowhere in it.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.evidence import to_json, write_atomic
from protocol import statuslist
from protocol.errors import Lang, Text
from protocol.trust import stamp
from protocol.visible import shown, visible
from reports.numbers import TEST_ISSUER
from reports.register.opening import Office
from reports.register.standing import LABELS, Standing

FORMAT: Final = "dmpcompat-public-list/1"
_COLUMNS: Final = (
    "reference",
    "holder",
    "software",
    "versions",
    "profiles",
    "modes",
    "framework",
    "kind",
    "state",
    "since",
    "reason",
    "withdrawnAt",
    "expiresAt",
    "supersededBy",
    "parent",
    "issued",
    "statementDigest",
)
_LISTS: Final = frozenset({"versions", "profiles", "modes"})
_WORDS: Final[Mapping[str, Text]] = {
    "title": Text(
        "Logiciels homologués à la DMP-compatibilité", "Software homologated for DMP compatibility"
    ),
    "test": Text(
        "Registre de TEST : sans aucune valeur officielle", "TEST register: without any official value"
    ),
    "made": Text("Liste établie le", "List made on"),
    "count": Text("homologation(s)", "homologation(s)"),
    "schema": Text("schéma", "schema"),
    "back": Text("Toute la liste", "The whole list"),
    "since": Text("depuis le", "since"),
    "withdrawn": Text("Retrait décidé, qui prend effet le", "Withdrawal decided, with effect on"),
    "expires": Text("Expire le", "Expires on"),
    "history": Text("Décisions", "Decisions"),
    "register": Text("Point de contrôle du registre", "Checkpoint of the register"),
    "explained": Text(
        "Ce texte signé engage le registre : qui le garde peut prouver que rien de ce qui précède n'a été récrit.",
        "This signed text binds the register: whoever keeps it can prove that nothing before it was rewritten.",
    ),
}
_HEADS: Final = (
    Text("Référence", "Reference"),
    Text("Éditeur", "Vendor"),
    Text("Logiciel", "Software"),
    Text("Versions", "Versions"),
    Text("Profils", "Profiles"),
    Text("État", "State"),
    Text("Homologué le", "Homologated on"),
)
_MOVES: Final = (
    Text("N°", "No."),
    Text("Date", "Date"),
    Text("Décision", "Decision"),
    Text("Motif", "Reason"),
)
_DETAILS: Final[Mapping[str, Text]] = {
    "holder": Text("Éditeur", "Vendor"),
    "software": Text("Logiciel", "Software"),
    "versions": Text("Versions", "Versions"),
    "profiles": Text("Profils", "Profiles"),
    "modes": Text("Modes d'authentification", "Authentication modes"),
    "framework": Text("Référentiel", "Framework"),
    "parent": Text("Repose sur le connecteur", "Stands on the connector"),
    "supersededBy": Text("Remplacé par", "Superseded by"),
    "statementDigest": Text("Empreinte de la déclaration signée", "Digest of the signed statement"),
}


def rows(office: Office, at: datetime) -> list[dict[str, Any]]:
    """One mapping a homologation, in the order of issue: the columns of the list, and nothing secret."""
    issued = {entry.reference: entry.at for entry in office.register.entries() if entry.kind == "ISSUE"}
    return [
        _row(one, stamp(issued[one.reference]))
        for one in office.register.standings(at)
        if one.state in get_args(statuslist.State)
    ]


def export(office: Office, folder: Path, at: datetime, lang: Lang = "fr") -> tuple[Path, ...]:
    """Write the whole list; returns what was written."""
    return tuple(_written(folder / name, data) for name, data in files(office, at, lang))


def files(office: Office, at: datetime, lang: Lang) -> Iterator[tuple[str, bytes]]:
    """Every file of the list: path and bytes."""
    listed = rows(office, at)
    point = str(office.register.checkpoint())
    head = {"format": FORMAT, "issuer": office.configuration.issuer, "made": stamp(at), "checkpoint": point}
    yield "list.json", to_json({**head, "homologations": listed})
    yield "list.schema.json", to_json(schema())
    yield "list.csv", _csv(listed)
    shown = [{**row, "label": LABELS[row["state"]].to(lang)} for row in listed]
    shared: dict[str, Any] = {
        "lang": lang,
        "title": _WORDS["title"].to(lang),
        "test": office.configuration.issuer == TEST_ISSUER,
        "made": stamp(at),
        "checkpoint": point,
        "words": {
            **{name: text.to(lang) for name, text in _WORDS.items()},
            "columns": [text.to(lang) for text in _HEADS],
            "moves": [text.to(lang) for text in _MOVES],
        },
        "rows": shown,
    }
    template = _environment().get_template("list.html.j2")
    yield "index.html", template.render(**shared, one=None, details=(), history=()).encode()
    for row in shown:
        told = [(text.to(lang), _cell(row[name])) for name, text in _DETAILS.items() if row[name]]
        history = office.register.entries(row["reference"])
        page = template.render(**shared, one=row, details=told, history=history)
        yield f"n/{row['reference']}.html", page.encode()
        yield f"n/{row['reference']}.svg", _badge(row["software"], row["label"], row["state"])


def schema() -> dict[str, Any]:
    """JSON Schema of `list.json`."""
    texts: dict[str, Any] = {
        name: {"type": "array", "items": {"type": "string"}} if name in _LISTS else {"type": "string"}
        for name in _COLUMNS
    }
    texts["state"] = {"enum": list(get_args(statuslist.State))}
    row = {"type": "object", "properties": texts, "required": list(_COLUMNS), "additionalProperties": False}
    members = {name: {"type": "string"} for name in ("format", "issuer", "made", "checkpoint")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "type": "object",
        "properties": {**members, "homologations": {"type": "array", "items": row}},
        "required": [*members, "homologations"],
        "additionalProperties": False,
    }


def _row(one: Standing, issued: str) -> dict[str, Any]:
    issue = one.issue or {}
    public = issue["public"]
    return {
        "reference": one.reference,
        "holder": public["holder"],
        "software": public["software"],
        "versions": [public["version"], *one.releases],
        "profiles": list(public["profiles"]),
        "modes": list(public["modes"]),
        "framework": public["framework"],
        "kind": public["kind"],
        "state": one.state,
        "since": stamp(one.since) if one.since else "",
        "reason": one.reason if one.state != "ACTIVE" else "",
        "withdrawnAt": stamp(one.withdrawn_at) if one.withdrawn_at else "",
        "expiresAt": stamp(one.expires_at) if one.expires_at else "",
        "supersededBy": one.superseded_by,
        "parent": str(issue.get("parent", "")),
        "issued": issued,
        "statementDigest": str(issue["statementDigest"]),
    }


def _csv(listed: list[dict[str, Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    for row in listed:
        writer.writerow([_harmless(_cell(row[name])) for name in _COLUMNS])
    return stream.getvalue().encode()


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _harmless(text: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula: with these signs, their wide forms, or after blanks."""
    text = visible(text)
    begins = unicodedata.normalize("NFKC", text.lstrip())[:1]
    return "'" + text if begins in ("=", "+", "-", "@") or text[:1] == "\n" else text


_BADGE: Final = {"ACTIVE": "#1a7f4b", "NOTICE": "#8f5500"}


def _badge(software: str, label: str, state: str) -> bytes:
    template = _environment().get_template("badge.svg.j2")
    return template.render(software=software, label=label, colour=_BADGE.get(state, "#b3261e")).encode()


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports.register"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _written(path: Path, data: bytes) -> Path:
    write_atomic(path, data)
    return path
