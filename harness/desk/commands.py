"""What can be typed at the desk: one word and what follows, in either language, whatever the one that is shown.

Reading a line makes an Answer and does nothing else. Files of screens are read here, and their kind is recognised.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Final

from harness.evidence.sniff import MAX_BYTES, sniff
from harness.observe.operator import Answer, AnswerKind, Wanted
from protocol.errors import EvidenceError, Lang, Text, UsageError

_WORDS: Final[dict[AnswerKind, tuple[str, ...]]] = {
    "skip": ("p", "passer", "pass", "skip"),
    "impossible": ("i", "impossible"),
    "retry": ("r", "recommencer", "retry"),
    "screen": ("e", "ecran", "screen"),
    "declaration": ("d", "declarer", "declare"),
    "stop": ("q", "arreter", "stop", "quit", "quitter"),
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words}
_HELP: Final = frozenset({"?", "h", "aide", "help"})
_USES: Final[dict[AnswerKind, Text]] = {
    "skip": Text("p RAISON      passer ce cas", "p REASON      skip this case"),
    "impossible": Text(
        "i RAISON      impossible avec ce logiciel", "i REASON      impossible with this software"
    ),
    "retry": Text("r             recommencer l'étape", "r             this step again"),
    "screen": Text("e CHEMIN      joindre une copie d'écran", "e PATH        attach a screen copy"),
    "declaration": Text("d TEXTE       déclarer", "d TEXT        declare"),
    "stop": Text(
        "q             arrêter ; --resume reprendra ici", "q             stop; --resume goes on from here"
    ),
}


def read(line: str, wants: Wanted, folder: Path) -> Answer | None:
    """The answer that a line is; None when help is asked. `folder`: where relative paths start.

    A line without a known word is the declaration itself where one is wanted, and the path where a screen is.
    Raises UsageError for what is no answer, or one without its reason; EvidenceError for a file that is no screen.
    """
    text = line.strip()
    word, _, rest = text.partition(" ")
    plain = _plain(word)
    if plain in _HELP:
        return None
    kind = _KINDS.get(plain)
    if kind is None and wants == "declaration":
        kind, rest = "declaration", text
    elif kind is None and wants == "screen":
        kind, rest = "screen", text
    if kind is None:
        raise UsageError(
            "DESK-001",
            Text("réponse inconnue", "unknown answer"),
            found=text[:80],
            expected="p | i | r | e | d | q | ?",
        )
    if kind == "screen":
        return screen(folder / Path(rest.strip().strip("'\"")).expanduser())
    answer = Answer(kind, rest.strip())
    if not answer.complete:
        raise UsageError(
            "DESK-002",
            Text("cette réponse demande une raison", "this answer needs a reason"),
            found=text[:80],
            expected=f"{word} …",
        )
    return answer


def screen(path: Path) -> Answer:
    """A file as the screen that is asked for. Raises UsageError, or EvidenceError for what is no picture or PDF."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EvidenceError(
                "EVID-031",
                Text("fichier trop gros", "file too large"),
                field=path.name,
                found=str(path.stat().st_size),
                expected=f"<= {MAX_BYTES}",
            )
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(
            "DESK-003",
            Text("le fichier ne se lit pas", "the file can't be read"),
            field=str(path),
            found=problem.strerror or type(problem).__name__,
        ) from problem
    return screen_of(data, path.name)


def screen_of(data: bytes, name: str) -> Answer:
    """The same from its bytes. `name` loses whatever folder it comes with."""
    plain = name.replace("\\", "/").rpartition("/")[2] or "ecran"
    if sniff(data, plain).type == "text":
        raise EvidenceError(
            "DESK-004",
            Text("ce n'est pas une copie d'écran", "this is no screen copy"),
            field=plain,
            expected="PNG | JPEG | PDF",
        )
    return Answer("screen", name=plain, data=data)


def hint(wants: Wanted, lang: Lang) -> str:
    """One line: the answers that make sense now."""
    order: tuple[AnswerKind, ...] = ("skip", "impossible", "retry", "stop")
    if wants in ("screen", "declaration"):
        order = (wants, *order)
    shown = (" ".join(_USES[kind].to(lang).split()) for kind in order)
    return "[" + " · ".join(shown) + " · ?]"


def help_text(lang: Lang) -> str:
    return "\n".join("  " + use.to(lang) for use in _USES.values())


def _plain(word: str) -> str:
    """Lower case, without accents."""
    spelt = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in spelt if not unicodedata.combining(letter))
