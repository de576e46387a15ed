"""Whether the parts of a homologation say the same: statement, file, entry of the register, list, report.

Each of them is signed by somebody; a seal that signs a statement which the file does not make is no better than a
stranger's. Every function raises EvidenceError naming the members that differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from protocol import canonical
from protocol.errors import EvidenceError, Text
from protocol.statuslist import Listed
from protocol.trust import TrustedKey, moment
from reports import statement as report_statement
from reports.dossier import heritage
from reports.dossier.view import View
from reports.homologation import statement
from reports.register.entries import Entry
from reports.verify_evidence import ko

#: How far two clocks of one office may be apart.
SKEW: Final = timedelta(minutes=10)

Raw = Mapping[str, Any]


def with_file(raw: Raw, file: View) -> None:
    """The statement is what the application file makes, member by member."""
    predicate = raw["predicate"]
    try:
        expected = statement.document(file, predicate["numberCommitment"], predicate["issuer"])
        wanted = canonical.loads(canonical.dumps(expected))
    except (KeyError, TypeError, ValueError, AttributeError, EvidenceError) as problem:
        raise _differs("HOMO-070", "file", str(problem)) from problem
    found = {**raw, **predicate}
    differs = [name for name, value in {**wanted, **wanted["predicate"]}.items() if found.get(name) != value]
    if differs:
        raise _differs("HOMO-070", "file", " ".join(name for name in differs if name != "predicate"))


def with_entry(predicate: Raw, entry: Entry, keys: Mapping[str, TrustedKey]) -> None:
    """The entry is the first about this reference, by a seal, later than the statement; the public list shows what was
    decided.
    """
    told = {
        "public": entry.facts.get("public"),
        "parent": str(entry.facts.get("parent", "")),
        "previous": entry.previous,
        "actor": keys[entry.actor].role if entry.actor in keys else "",
    }
    software = predicate["software"]
    expected = {
        "public": {
            "holder": predicate["holder"]["name"],
            "software": software["name"],
            "version": software["version"],
            **{name: predicate[name] for name in ("profiles", "modes", "framework", "kind")},
        },
        "parent": predicate["parent"],
        "previous": -1,
        "actor": "seal",
    }
    if differs := [name for name in told if told[name] != expected[name]]:
        raise _differs("HOMO-041", "receipt.json", " ".join(differs))
    if entry.at + SKEW < moment(predicate["issuedAt"]):
        raise _differs("HOMO-071", "receipt.json", f"at {entry.at} < {predicate['issuedAt']}")


def with_listed(predicate: Raw, listed: Listed) -> None:
    """What platforms will let in is what was decided."""
    software = predicate["software"]
    told = {
        "software": listed.software == software["name"],
        "versions": software["version"] in listed.versions,
        "profiles": sorted(listed.profiles) == sorted(predicate["profiles"]),
    }
    if differs := [name for name, same in told.items() if not same]:
        raise _differs("HOMO-041", "status", " ".join(differs))


def with_report(predicate: Raw, payload: bytes) -> None:
    """The original verdicts are those of the run's own report, and it was run for all that is homologated."""
    told = report_statement.read(payload)["predicate"]
    try:
        wanted = {
            "report": {
                "reference": told["reportRef"],
                "result": told["result"],
                "frames": told["scope"]["frames"],
            },
            "software": [told["software"][name] for name in ("name", "version")],
            "cases": heritage.verdicts(told),
            "requirements": {one["id"]: one["verdict"] for one in told["requirements"]},
            **{name: told[name] for name in ("framework", "plan", "rules")},
        }
        found = {
            **predicate,
            "software": [predicate["software"][name] for name in ("name", "version")],
            "cases": {one["code"]: one["verdict"] for one in predicate["cases"]},
            "requirements": {one["id"]: one["verdict"] for one in predicate["requirements"]},
        }
        differs = [name for name in wanted if wanted[name] != found[name]]
        differs += [name for name in ("profiles", "modes") if _beyond(predicate[name], told["scope"][name])]
        differs += ["leftOut"] if told["scope"]["leftOut"] else []
    except (KeyError, TypeError, ValueError) as problem:
        raise _differs("HOMO-073", "rapport", str(problem)) from problem
    if differs:
        raise _differs("HOMO-073", "rapport", " ".join(differs))


def _beyond(asked: Collection[str], run: Collection[str]) -> bool:
    return not set(asked) <= set(run)


_WHAT: Final[Mapping[str, Text]] = {
    "HOMO-041": Text("l'inscription est celle d'autre chose", "the entry is of something else"),
    "HOMO-073": Text(
        "la déclaration ne dit pas ce que dit le rapport", "the statement does not say what the report says"
    ),
    "HOMO-070": Text(
        "la déclaration ne dit pas ce que fait le dossier", "the statement does not say what the file makes"
    ),
    "HOMO-071": Text("inscrite avant d'être décidée", "entered before it was decided"),
}


def _differs(code: str, where: str, found: str) -> EvidenceError:
    return ko(code, _WHAT[code], where=where, found=found)
