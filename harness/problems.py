"""Collects the mistakes of a plan or campaign file, each with its code, file:line and nearest valid name.

It turns the errors of pydantic and of the semantic pass into `PlanError` values, and raises them together.
What is a mistake is decided by `harness.plan` and `harness.campaign`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from protocol.errors import NO_TEXT, Lang, PlanError, Text
from protocol.yamlread import Where, YamlDocument

#: What the commonest refusals of the validation library mean, in words of ours.
_REFUSED: Final[Mapping[str, Text]] = {
    "string_type": Text("un texte est attendu", "a text is expected"),
    "list_type": Text("une liste est attendue", "a list is expected"),
    "dict_type": Text("des champs (nom: valeur) sont attendus", "fields (name: value) are expected"),
    "model_type": Text("des champs (nom: valeur) sont attendus", "fields (name: value) are expected"),
    "model_attributes_type": Text(
        "des champs (nom: valeur) sont attendus", "fields (name: value) are expected"
    ),
    "int_type": Text("un nombre entier est attendu", "a whole number is expected"),
    "bool_type": Text("true ou false est attendu", "true or false is expected"),
    "string_pattern_mismatch": Text("forme refusée", "form refused"),
    "string_too_short": Text("texte trop court", "text too short"),
    "string_too_long": Text("texte trop long", "text too long"),
    "too_short": Text("liste trop courte", "list too short"),
    "greater_than_equal": Text("nombre trop petit", "number too small"),
}
_SIGNS: Final[Mapping[str, str]] = {
    "pattern": "",
    "min_length": ">= ",
    "max_length": "<= ",
    "ge": ">= ",
    "le": "<= ",
}
_QUOTES: Final = Text("écrire la valeur entre guillemets", "write the value between quotes")


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
            mend=_perhaps(guess, ()),
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
            self.add(
                "002", Text("champ inconnu", "unknown field"), at, found=str(at[-1]), mend=_perhaps(guess, at)
            )
        elif kind == "missing":
            self.add("003", Text("champ obligatoire absent", "required field missing"), at)
        elif kind == "unknown_step":
            context = detail.get("ctx", {})
            self.unknown(
                "015", Text("sorte d'étape", "step kind"), at, str(context["name"]), context["known"]
            )
        elif kind == "literal_error":
            allowed = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
            self.add(
                "004",
                Text("valeur refusée", "value refused"),
                at,
                found=found,
                expected=" | ".join(allowed),
                mend=_perhaps(nearest(str(detail["input"]), allowed), ()),
            )
        else:
            self.add(
                "004",
                _REFUSED.get(kind, Text("valeur refusée", "value refused")),
                at,
                found=found,
                expected=_asked(detail),
                mend=_QUOTES
                if kind == "string_type" and isinstance(detail["input"], (int, float))
                else NO_TEXT,
            )

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


def _perhaps(guess: str, at: Where) -> Text:
    """The nearest name; a field that exists elsewhere is only misplaced."""
    if at and guess == at[-1]:
        return Text("ce champ existe, mais pas à cet endroit", "this field exists, but not at that place")
    return Text(f"peut-être « {guess} » ?", f'did you mean "{guess}"?') if guess else NO_TEXT


def _asked(detail: ErrorDetails) -> str:
    """What was expected, as data: a pattern, a bound; else the words of the validation library."""
    limits = {name: value for name, value in detail.get("ctx", {}).items() if name in _SIGNS}
    if limits:
        return ", ".join(f"{_SIGNS[name]}{value}" for name, value in limits.items())
    return "" if detail["type"] in _REFUSED else detail["msg"].removeprefix("Value error, ")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
