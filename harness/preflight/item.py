"""One thing that the preflight looked at: a light, its cause, its mend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from protocol.errors import NO_TEXT, Lang, Text

State = Literal["OK", "KO", "WARN", "SKIPPED"]


@dataclass(frozen=True)
class Item:
    """One thing looked at. `code` is stable (`PRE-CERT-DATES`); `found` and `expected` are data."""

    code: str
    state: State
    subject: str
    text: Text
    found: str = ""
    expected: str = ""
    mend: Text = NO_TEXT

    def to_plain(self) -> dict[str, Any]:
        words = {
            name: {"fr": text.fr, "en": text.en} for name, text in (("text", self.text), ("mend", self.mend))
        }
        return {**vars(self), **words}

    def sentence(self, lang: Lang) -> str:
        """Code, subject, what is looked at; then what was found, what was expected, how to mend."""
        labels = ("trouvé", "attendu", "remède") if lang == "fr" else ("found", "expected", "mend")
        colon = " : " if lang == "fr" else ": "
        values = (self.found, self.expected, self.mend.to(lang))
        told = [f"{label}{colon}{value}" for label, value in zip(labels, values, strict=True) if value]
        return " — ".join([f"{self.code} {self.subject}{colon}{self.text.to(lang)}", *told])


def red(items: Iterable[Item]) -> bool:
    return any(item.state == "KO" for item in items)
