"""Writes what the documentation repeats: docs/reference/, docs/transactions.md and the marked blocks of pages.

`make docs` runs it: it plays the demonstration campaign, whose exchanges the pages show, and writes. `--check` only
tells what is out of date (tests/test_docs.py and tests/test_selfplay.py do too). The rest is written by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from generating.blocks import cases, filled, filled_function, function_of, matching, written
from generating.exchanges import EXCHANGE, Played, played, with_exchanges
from generating.fields import fields_page
from generating.kill_matrix import kill_page
from generating.overview import overview_page
from generating.plans import lint_page, requirements_page
from generating.rules import rules_page
from generating.tables import CONFIDENCE, code, page, same, section, table
from harness import reception
from harness.checks import api as checks
from harness.checks.rule import Rule
from harness.drive import urls
from harness.drive.alterations import registry as defects
from harness.drive.alterations.registry import Alteration
from mock_dmp import defects as deliberate
from mock_dmp.faults import api as fault_kinds
from mock_dmp.faults import plan as fault_plan
from mock_dmp.faults.api import Kind as FaultKind
from protocol import acceptance_rules, catalogue
from protocol.datafolders import folder

__all__ = [
    "EXCHANGE",
    "Played",
    "cases",
    "function_of",
    "matching",
    "same",
    "stale",
    "with_exchanges",
]

ROOT: Final = Path(__file__).resolve().parent.parent
_STAGES: Final = {
    "transport": "Transport: HTTP and TLS",
    "soap": "Envelope: SOAP, WS-Addressing, MTOM",
    "vihf": "VIHF: presence and structure",
    "signature": "Signature of the VIHF",
    "freshness": "Freshness of the VIHF",
    "coherence": "Coherence of certificates, VIHF, directory and patient",
    "homologation": "Homologation number",
    "rights": "Rights and state of the DMP",
    "xds": "Documents: submission, search, retrieval",
    "hl7": "HL7 v3 bodies and custom services",
    "web-ps": "Web-PS pages",
}
_GROUPS: Final = {
    "HTTP": "HTTP",
    "A-TLS": "TLS",
    "A-SOAP": "SOAP and WS-Addressing",
    "MTOM": "MTOM packaging",
    "READING": "Two readings that must agree",
    "SCHEMA": "Structure, by the project's own schemas",
    "FAULT": "SOAP faults",
    "A-VIHF": "VIHF",
    "A-INS": "INS",
    "A-NUM": "Homologation number",
    "COHERENCE": "Coherence between the parts of a message",
    "HL7V3": "HL7 v3 (TD0.2, TD1.1 to TD1.4)",
    "GDP-REQUEST": "Opening, changing, closing a DMP: the request (TD1.1, TD1.2, TD1.3b, TD1.4)",
    "GDP-PERSON": "Opening, changing a DMP: the person (TD1.1, TD1.2, TD1.3b)",
    "GDP-ANSWER": "Opening, reading, changing, closing a DMP: the answers (TD1.1 to TD1.4)",
    "HABILITATIONS": "Authorisation (TD0.3, TD1.6)",
    "PATIENT-LIST": "List of allowed DMPs (TD0.4)",
    "INTERNET-ACCESS": "Internet account of the patient (TD1.5)",
    "PDQ": "Search without an INS (TD0.5)",
    "CERT": "Identity certification (TD0.0)",
    "XDS-SUBMISSION": "Submission sets (TD2.1)",
    "XDS-ENTRY": "Document entries (TD2.1)",
    "XDS-CODES": "Codes of the metadata (TD2.1)",
    "XADES": "Signature document (TD2.1)",
    "XDS-QUERY": "Search (TD3.1)",
    "XDS-RETRIEVE": "Retrieval (TD3.2)",
    "XDS-UPDATE": "Metadata updates (TD3.3)",
    "XDS-RESPONSE": "Answers of registry and repository",
    "WEB-PS": "Web-PS pages (TD0.9, TD0.10)",
    "AFTERMATH": "What must not follow a fault",
    "CDA-HEADER": "CDA: header",
    "CDA-BODY": "CDA: body",
    "CDA-MODEL": "CDA: French models, vaccination note",
    "CDA-OFFICIAL": "CDA: official schema of a pack",
}
_DEFECTS: Final = {
    "http": "HTTP",
    "packaging": "Packaging",
    "envelope": "Envelope",
    "claims": "What the VIHF claims",
    "wire_number": "Homologation number",
    "signature": "Signature",
    "freshness": "Freshness",
    "patient": "Patient",
    "identity": "Search without an INS and identity certification",
    "repetition": "Retries",
    "submission": "Submission",
    "registry": "Registry objects",
    "consultation": "Search and retrieval",
    "updates": "Metadata updates",
    "administrative": "Opening, changing, closing a DMP",
    "custom_services": "Lists and internet account",
}
_FAMILIES: Final = {
    "tls": "TLS",
    "connection": "Connection",
    "http": "HTTP",
    "mtom": "MTOM",
    "xml": "XML",
    "addressing": "WS-Addressing",
    "service": "Errors of the service",
    "content": "Contents of the answer",
}


def acceptance_page() -> str:
    """Rules of the mock by stage, then its switches."""
    rules = acceptance_rules.rules().values()
    sections = [
        section(
            _STAGES[stage],
            table(
                ("Rule", "Asks", "Default", "Refuses with", "Confidence", "Source"),
                (
                    (
                        code(rule.id),
                        rule.title.en,
                        code(rule.default),
                        code(rule.code),
                        rule.confidence,
                        rule.source,
                    )
                    for rule in rules
                    if rule.stage == stage
                ),
            ),
        )
        for stage in acceptance_rules.STAGES
    ]
    switches = table(
        ("Switch", "Does", "Default", "Values", "Confidence", "Source"),
        (
            (
                code(item.name),
                item.title.en,
                code(_value(item.default)) or "empty",
                ", ".join(code(_value(value)) for value in item.values) or type(item.default).__name__,
                item.confidence,
                item.source,
            )
            for item in acceptance_rules.switches().values()
        ),
    )
    intro = (
        f"{len(rules)} rules, in the order in which the mock takes a message through them, and "
        f"{len(acceptance_rules.switches())} switches. How to change them for a session: "
        f"[mock.md](../mock.md#rules-and-switches-of-a-session). {CONFIDENCE}"
    )
    return page("Acceptance rules of the mock", intro, [*sections, section("Switches", switches)])


def _value(value: acceptance_rules.Value) -> str:
    """As JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def checks_page() -> str:
    """Rules of the oracle by group."""
    rules = checks.rules()
    groups = list(dict.fromkeys([*_GROUPS, *(rule.group for rule in rules)]))
    sections = [
        section(
            _GROUPS.get(group, group),
            f"Group `{group}`.\n\n"
            + table(
                ("Rule", "Asks", "Looks at", "Severity", "Text", "Confidence"),
                (_check(rule) for rule in rules if rule.group == group),
            ),
        )
        for group in groups
        if any(rule.group == group for rule in rules)
    ]
    intro = (
        f"The {len(rules)} rules that judge captured bytes. `dmpcompat explain RULE` tells the same of one, with how "
        "to mend; a plan may change a severity, or keep a step to some rules or groups "
        f"([campaign.md](../campaign.md)). {CONFIDENCE}"
    )
    return page("Rules of the oracle", intro, sections)


def _check(rule: Rule[object]) -> tuple[str, ...]:
    side = {"both": "request, response"}.get(rule.side, rule.side)
    text = "; ".join(part for part in (rule.clause, ", ".join(rule.requirements)) if part)
    return code(rule.id), rule.title.en, f"{_on(rule.on)}: {side}", code(rule.default), text, rule.confidence


def _on(names: Sequence[str]) -> str:
    if not names or "*" in names:
        return "any"
    return ", ".join(names) if len(names) < 5 else f"{names[0]}…{names[-1]}"


def alterations_page() -> str:
    """Deliberate defects of the driver, by the file that holds them."""
    known = defects.alterations()
    files = list(dict.fromkeys([*_DEFECTS, *(_file(item) for item in known)]))
    sections = [
        section(
            _DEFECTS.get(name, name),
            table(
                ("Alteration", "Effect", "On"),
                ((code(item.name), item.text.en, _on(item.on)) for item in known if _file(item) == name),
            ),
        )
        for name in files
        if any(_file(item) == name for item in known)
    ]
    addresses = table(
        ("Alteration", "Effect", "On"),
        ((code(item.name), item.text.en, _on(urls.transactions())) for item in urls.defects().values()),
    )
    sections.append(section("Addresses of Web-PS pages (`browse`)", addresses))
    intro = (
        f"The {len(known)} deliberate defects that a `drive` step may name in `alter` "
        "([campaign.md](../campaign.md#drive)): the driver builds a right message, then spoils it."
    )
    return page("Alterations", intro, sections)


def _file(item: Alteration) -> str:
    return item.apply.__module__.rpartition(".")[2]


def errors_page() -> str:
    """The error catalogue by carrier."""
    carriers = {
        "fault": "SOAP faults: subcode of the fault",
        "ebxml": "ebXML: errorCode of a RegistryError",
        "ack": "HL7 v3: code of an acknowledgementDetail",
        "ws": "Custom services: status of the answer",
        "page": "Web-PS pages: code that the page shows",
    }
    sections = [
        section(
            title,
            table(
                ("Code", "Says", "HTTP", "Official"),
                (
                    (
                        code(entry.code),
                        entry.text.en,
                        str(entry.http_status) if carrier in ("fault", "page") else "200",
                        "yes" if entry.official else "no, the mock's own",
                    )
                    for entry in catalogue.entries().values()
                    if entry.carrier == carrier
                ),
            ),
        )
        for carrier, title in carriers.items()
    ]
    intro = (
        "What the mock may answer. A code that a transaction can't carry in its own way travels as a SOAP fault. "
        "*Official*: seen in a public text or in bytes of the real interface; the others hold the place of codes "
        "that are not public. HTTP statuses are those of `fault_status` = `catalogue`."
    )
    return page("Errors of the mock", intro, sections)


def pages(run: Played | None = None) -> Iterator[tuple[Path, str]]:
    """Every file that is written here, whole or in part, with what it must hold.

    Without a run of the demonstration campaign, those that show nothing of one.
    """
    docs = ROOT / "docs"
    yield docs / "reference" / "acceptance-rules.md", acceptance_page()
    yield docs / "reference" / "checks.md", checks_page()
    yield docs / "reference" / "alterations.md", alterations_page()
    yield docs / "rules.md", rules_page(_GROUPS)
    yield docs / "fields.md", fields_page()
    yield docs / "reference" / "errors.md", errors_page()
    yield docs / "reference" / "kill-matrix.md", kill_page()
    yield docs / "reference" / "plan-lint.md", lint_page()
    yield docs / "reference" / "requirements.md", requirements_page()
    yield from faults_page()
    if run is not None:
        yield docs / "transactions.md", overview_page(run)
    for place in sorted((docs / "transactions").glob("*.md")):
        yield place, _shown(filled(place.read_text(encoding="utf-8"), place.stem), run)
    for place in sorted((docs / "functions").glob("[0-9]*.md")):
        yield place, _shown(filled_function(place.read_text(encoding="utf-8")), run)


def _shown(text: str, run: Played | None) -> str:
    return with_exchanges(text, run) if run is not None else text


def faults_page() -> Iterator[tuple[Path, str]]:
    """docs/faults.md with its tables, and the JSON Schema of fault plans, which the plan reader uses too."""
    place = ROOT / "docs" / "faults.md"
    known = {"kinds": _fault_kinds, "seen": _seen_words, "forbidden": _forbidden, "defects": _deliberate}
    yield place, written(place.read_text(encoding="utf-8"), known)
    schema = json.dumps(fault_plan.schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    yield folder("datasets") / "faults" / "faults.schema.json", schema


def _fault_kinds() -> str:
    families = list(dict.fromkeys(kind.family for kind in fault_kinds.kinds().values()))
    order = [*(name for name in _FAMILIES if name in families), *(set(families) - set(_FAMILIES))]
    return "\n\n".join(
        f"### {_FAMILIES.get(name, name)}\n\n"
        + table(
            ("Fault", "Does", "Parameters", "Acts", "A right LPS", "Must not follow", "Confidence"),
            (_fault_kind(kind) for kind in fault_kinds.kinds().values() if kind.family == name),
        )
        for name in order
    )


def _fault_kind(kind: FaultKind) -> tuple[str, ...]:
    given = ", ".join(
        f"{code(item.name)} ({'required' if item.required else code(item.default) or 'empty'})"
        for item in kind.parameters
    )
    forbidden = ", ".join(code(rule) for rule in kind.forbids)
    moments = ", ".join(kind.moments)
    return code(kind.name), kind.text.en, given, moments, kind.reaction.en, forbidden, kind.confidence


def _seen_words() -> str:
    return table(("Word", "Means"), ((code(word), reception.TITLES[word].en) for word in reception.WORDS))


def _forbidden() -> str:
    return table(
        ("Rule", "Asks", "Text", "Confidence"),
        (
            (code(rule.id), rule.title.en, rule.clause, rule.confidence)
            for rule in checks.rules()
            if rule.side == "aftermath"
        ),
    )


def _deliberate() -> str:
    return table(
        ("Defect", "What is wrong", "Caught by"),
        (
            (code(one.name), one.text.en, ", ".join(code(rule) for rule in one.caught_by))
            for one in deliberate.defects().values()
        ),
    )


def stale(run: Played | None = None) -> list[Path]:
    """The files that are not what they must be; sizes may differ a little from one run to the next."""
    return [
        path
        for path, text in pages(run)
        if not path.is_file() or not same(path.read_text(encoding="utf-8"), text)
    ]


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` tell; 1 when something was out of date and not written."""
    run = played()
    old = stale(run)
    for path in old:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    if "--check" in arguments:
        return 1 if old else 0
    for path, text in pages(run):
        if path in old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
