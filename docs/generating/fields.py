"""docs/fields.md: the interface field by field, from datasets/checks/fields."""

from __future__ import annotations

from generating.tables import code, codes, page, section, table
from harness.fields import Field, Table, tables

_SIDES = {
    "request": "request",
    "answer": "answer",
    "wire-request": "connection and HTTP",
    "wire-answer": "HTTP answer",
    "run": "several frames",
}


def fields_page() -> str:
    """The whole page."""
    every = [field for one in tables() for field in one.fields]
    judged = [field for field in every if field.rules]
    changes = sum(len(field.breaks) for field in every)
    intro = (
        f"{len(every)} fields of the interface, {len(judged)} of them looked at by a rule; of the others the reason is "
        f"told. {changes} changes of one field each, made in good frames of a run, must be seen by a rule named "
        "beside the field; where the proof is a mutator written elsewhere, it is named. "
        "`datasets/checks/fields` holds the data, `dmpcompat matrix --kill` measures it, and a test fails when a field "
        "has neither a rule nor a reason, when a rule doesn't run on a transaction that carries the field, or when a "
        "change is not seen. What a rule asks: [reference/checks.md](reference/checks.md)."
    )
    return page(
        "The interface field by field", intro, [section(one.title.en, _table(one)) for one in tables()]
    )


def _table(one: Table) -> str:
    head = f"{_SIDES[one.over][0].upper()}{_SIDES[one.over][1:]} of {', '.join(one.on)}.\n\n"
    return head + table(
        ("Field", "Must be", "Rules", "Proof"),
        (
            (code(field.name), field.asks, codes((*field.rules, *field.also)) or "–", _proof(field))
            for field in one.fields
        ),
    )


def _proof(field: Field) -> str:
    told = []
    if field.breaks:
        told.append(f"{len(field.breaks)} change{'s' if len(field.breaks) > 1 else ''}")
    if field.proved:
        told.append(codes(field.proved))
    if field.why.en:
        told.append(field.why.en)
    return ", ".join(told)
