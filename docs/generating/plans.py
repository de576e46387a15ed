"""docs/reference/plan-lint.md and requirements.md: the rules of the lint, the requirements of the guide."""

from __future__ import annotations

from collections.abc import Iterator

from generating.blocks import cases
from generating.tables import CONFIDENCE, code, codes, page, section, table
from harness.plans.lint import LEVELS, lint_rules
from protocol.requirements import GUIDES, Requirement, requirements

_LEVELS = {
    "error": "Errors: `plan lint` leaves with 1",
    "warning": "Warnings: with `--strict` it leaves with 1 too",
    "info": "Remarks",
}
_BLOCKS = {
    "CHK": "Prerequisites",
    "PRE": "Prerequisites",
    "GEN": "General",
    "0": "Secure access",
    "AIR": "Secure access",
    "1": "Creation and administrative management",
    "2": "Feeding",
    "3": "Search, reading and management of documents",
}
_WIRE = {"yes": "yes", "partly": "in part", "no": "no"}


def lint_page() -> str:
    """The rules by level."""
    intro = (
        "What `dmpcompat plan lint` says of a plan that can be read: its structure is right (mistakes of structure are "
        "`PLAN-0xx`, with file and line), and yet it would not test what it says. See [plans.md](../plans.md)."
    )
    sections = []
    for level in LEVELS:
        rows = [
            (code(rule.code), rule.title.en, rule.why.en, rule.mend.en)
            for rule in lint_rules()
            if rule.level == level
        ]
        sections.append(section(_LEVELS[level], table(("Code", "Says", "Why", "Mend"), rows)))
    return page("Lint of plans", intro, sections)


def requirements_page() -> str:
    """Every requirement, by block: what proves it, who, where it is covered, or why not."""
    known = requirements()
    covered = {name for case in cases() for name in case.requirements}
    mandatory = [one for one in known.values() if one.mandatory]
    left = [one for one in mandatory if one.id not in covered]
    intro = (
        f"{len(known)} requirements of the integration guide, each in one sentence of ours; the official text is the "
        f"authority's. {len(mandatory)} are mandatory (EX_): {len(mandatory) - len(left)} are covered by a case of the "
        f"plan, {len(left)} say why they are not. Editions of the guide: {', '.join(GUIDES)}; a requirement that an "
        "edition lacks, or words otherwise, says so. Who proves it (engine, integrator, integrator who informs) is "
        f"inferred from the split that one connector publishes. {CONFIDENCE}"
    )
    blocks: dict[str, list[Requirement]] = {}
    for one in known.values():
        blocks.setdefault(_block(one), []).append(one)
    return page("Requirements", intro, (section(title, _table(held)) for title, held in blocks.items()))


def _block(one: Requirement) -> str:
    kind, _, rest = one.id.partition("_")
    name = rest.partition("-")[0]
    if kind in ("CHK", "PRE"):
        return _BLOCKS[kind]
    return _BLOCKS["GEN" if name in ("GEN", "0.X") else name if name == "AIR" else name[:1]]


def _table(held: list[Requirement]) -> str:
    by_case: dict[str, list[str]] = {}
    for case in cases():
        for name in case.requirements:
            by_case.setdefault(name, []).append(case.code)
    rows = (
        (
            code(one.id),
            " ".join(_said(one)),
            _WIRE[one.wire] + (f": {one.why.en}" if one.why.en else ""),
            one.prouve_par,
            codes(by_case.get(one.id, ())) or f"none: {one.left_out.en}",
        )
        for one in held
    )
    return table(("Requirement", "Says", "Seen in frames", "Who proves it", "Cases"), rows)


def _said(one: Requirement) -> Iterator[str]:
    yield one.text.en
    if one.since:
        yield f"(since {one.since})"
    if one.until:
        yield f"(until {one.until})"
    if one.replaces:
        yield f"(replaces {code(one.replaces)})"
    for older in one.wordings:
        yield f"Up to {older.until}: {older.text.en}"
