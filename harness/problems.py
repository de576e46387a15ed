"""Collects the mistakes of a plan or campaign file, each with its code, file:line and nearest valid name.

It turns the errors of pydantic and of the semantic pass into `PlanError` values, and raises them together.
What is a mistake is decided by `harness.plan` and `harness.campaign`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from protocol.errors import NO_TEXT, Lang, PlanError, Text
from protocol.yamlread import Where, YamlDocument


class InvalidFile(PlanError):
    """A plan or campaign with one mistake or more; `problems` holds each with its own code and place."""

    def __init__(self, problems: tuple[PlanError, ...]) -> None:
        first = problems[0]
        self.problems = problems
        super().__init__(
            first.code,
            first.text,
            field=first.field,
            found=first.found,
            expected=first.expected,
            mend=first.mend,
        )

    def message(self, lang: Lang = "fr") -> str:
        """One line a problem."""
        return "\n".join(problem.message(lang) for problem in self.problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that resembles most, "" when none does. The case of letters does not count."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.55)
    return by_fold[close[0]] if close else ""


class Problems:
    """Mistakes of one file; `prefix` starts their codes (`PLAN`, `CAMP`)."""

    def __init__(self, document: YamlDocument, prefix: str) -> None:
        self._document = document
        self._prefix = prefix
        self._found: list[PlanError] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def place(self, at: Where) -> str:
        """`file:line (a.b[2])`."""
        readable = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")
        return self._document.at(at) + (f" ({readable})" if readable else "")

    def add(
        self,
        number: str,
        text: Text,
        at: Where,
        *,
        found: str = "",
        expected: str = "",
        mend: Text = NO_TEXT,
    ) -> None:
        self._found.append(
            PlanError(
                f"{self._prefix}-{number}",
                text,
                field=self.place(at),
                found=found,
                expected=expected,
                mend=mend,
            )
        )

    def unknown(self, number: str, what: Text, at: Where, name: str, known: Iterable[str]) -> None:
        """A name that isn't in the set of known ones; suggests the nearest."""
        names = sorted(known)
        guess = nearest(name, names)
        listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        self.add(
            number,
            Text(f"{what.fr} : nom inconnu", f"{what.en}: unknown name"),
            at,
            found=name,
            expected=listed,
            mend=Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT,
        )

    def from_pydantic(self, error: ValidationError, model: type[BaseModel]) -> None:
        """Add each error of a validation by `model`, whose fields are suggested for unknown ones."""
        known = sorted(_properties(model.model_json_schema()))
        for detail in error.errors(include_url=False):
            self._one(detail, known)

    def _one(self, detail: ErrorDetails, known: list[str]) -> None:
        at, kind = tuple(detail["loc"]), detail["type"]
        found = "" if kind == "missing" else _short(detail["input"])
        if kind == "extra_forbidden":
            guess = nearest(str(at[-1]), known)
            mend = Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT
            self.add("002", Text("champ inconnu", "unknown field"), at, found=str(at[-1]), mend=mend)
        elif kind == "missing":
            self.add("003", Text("champ obligatoire absent", "required field missing"), at)
        elif kind == "unknown_step":
            context = detail.get("ctx", {})
            self.unknown(
                "015", Text("sorte d'étape", "step kind"), at, str(context["name"]), context["known"]
            )
        else:
            expected = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            self.add("004", Text("valeur refusée", "value refused"), at, found=found, expected=expected)

    def raise_if_any(self) -> None:
        """Raises InvalidFile."""
        if self._found:
            raise InvalidFile(tuple(self._found))


def _properties(schema: Any) -> frozenset[str]:
    """Names of every property that a JSON Schema describes, at any depth."""
    if isinstance(schema, list):
        return frozenset[str]().union(*(_properties(item) for item in schema))
    if not isinstance(schema, Mapping):
        return frozenset()
    described = schema.get("properties")
    own = frozenset(described) if isinstance(described, Mapping) else frozenset[str]()
    return own.union(*(_properties(item) for item in schema.values()))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
