"""The error tree shared by every part: each error names the field, what was found, what was
expected and how to mend it, in French and in English.

An error is for a reader, never a stack trace: `message(lang)` is what is shown. Verdicts are not errors;
they are findings (harness.checks).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, NamedTuple

from protocol.visible import visible

#: More of one value than a message shows.
_LONGEST: Final = 4000

Lang = Literal["fr", "en"]


class Text(NamedTuple):
    """One sentence in the two languages of the product."""

    fr: str
    en: str

    def to(self, lang: Lang) -> str:
        return self.fr if lang == "fr" else self.en


NO_TEXT = Text("", "")


class DmpcompatError(Exception):
    """Base of every error of ours.

    `code` is stable and greppable (`MIME-004`); `found` and `expected` are data, shown as they are;
    `exit_code` is what the command line leaves with.
    """

    exit_code: ClassVar[int] = 3

    def __init__(
        self,
        code: str,
        text: Text,
        *,
        field: str = "",
        found: str = "",
        expected: str = "",
        mend: Text = NO_TEXT,
    ) -> None:
        self.code = code
        self.text = text
        self.field = field
        self.found = found
        self.expected = expected
        self.mend = mend
        super().__init__(self.message("en"))

    def message(self, lang: Lang = "fr") -> str:
        """One line (or a few) for a reader: cause, field, found, expected, mend."""
        words = (
            ("champ", "trouvé", "attendu", "remède")
            if lang == "fr"
            else ("field", "found", "expected", "mend")
        )
        parts = [f"{self.code}: {self.text.to(lang)}"]
        values = (_shown(self.field), _shown(self.found), _shown(self.expected), self.mend.to(lang))
        colon = " : " if lang == "fr" else ": "
        parts += [f"{word}{colon}{value}" for word, value in zip(words, values, strict=True) if value]
        return " — ".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is sent to another process: classes have constructors of their own."""
        return _again, (type(self), self.args, vars(self))


def _shown(value: object) -> str:
    """Data from outside, for a reader: nothing in it commands a terminal or can't be written, and it ends. What is no
    text after all is shown too: telling of an error never fails.
    """
    text = value if isinstance(value, str) else repr(value)
    return visible(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _again(kind: type[DmpcompatError], args: tuple[Any, ...], state: dict[str, Any]) -> DmpcompatError:
    problem = kind.__new__(kind, *args)
    vars(problem).update(state)
    return problem


class WireError(DmpcompatError):
    """Bytes from outside that can't be read. Raised by every codec of `protocol`, and nothing else is."""


class XmlRefused(WireError):
    """Not well-formed, or well-formed and dangerous (DTD, entity, depth, size)."""


class MimeError(WireError):
    """A Content-Type or a multipart message that can't be read, or exceeds a limit."""


class SoapError(WireError):
    """Not a SOAP envelope we can answer, or an XOP reference that leads nowhere."""


class VihfError(WireError):
    """The assertion lacks something that its structure demands."""


class SignatureRefused(WireError):
    """The signature is absent, wrong, or covers something else than the element that is used."""


class IdentifierError(WireError):
    """An INS, CX, XCN, XON, national id, OID, UUID or DTM that breaks its own rule."""


class MetadataError(WireError):
    """ebRIM or HL7 v3 content that can't be turned into a view."""


class UsageError(DmpcompatError):
    """Wrong option, unknown name."""

    exit_code = 64


class ConfigError(DmpcompatError):
    """Red preflight: certificates, addresses, clock, ports. Never a fault of the software under test."""

    exit_code = 65


class PlanError(DmpcompatError):
    """A plan or campaign that can't be used; `field` holds file:line."""

    exit_code = 66


class ToolError(DmpcompatError):
    """Our own failure, or a missing dependency: verdict ERROR, never FAIL."""


class EvidenceError(DmpcompatError):
    """Evidence, journal or bundle that is damaged."""
