"""Two checkpoints of one log that contradict each other, as a file that anybody verifies with the key of the log alone.

Of one size, two roots are enough. Of two sizes, the nodes that lead to the larger root show what its first entries
are, and that the smaller checkpoint says otherwise. Two may also be merely old and new: that is told, not proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from protocol import canonical
from protocol.errors import EvidenceError, Text
from reports.register import checkpoint, merkle
from reports.register.checkpoint import Checkpoint, NoteKey

FORMAT: Final = "dmpcompat-contradiction/1"
_LONGEST: Final = 128


def document(cosigned: Checkpoint, shown: Checkpoint, path: Sequence[bytes]) -> bytes:
    """Canonical JSON: what was cosigned, what was shown after, the nodes (`merkle.beginning`) between their sizes."""
    return canonical.dumps(
        {
            "format": FORMAT,
            "cosigned": str(cosigned),
            "shown": str(shown),
            "path": [node.hex() for node in path],
        }
    )


def proven(data: bytes, key: NoteKey) -> Text:
    """What the file proves against the log of that key. Raises EvidenceError when it proves nothing."""
    cosigned, shown, path = _read(data)
    for point in (cosigned, shown):
        if not point.signers([key]):
            raise _nothing(
                Text("le journal n'a pas signé ceci", "the log did not sign this"), str(point.size)
            )
    if cosigned.origin != shown.origin:
        raise _nothing(Text("deux journaux", "two logs"), f"{cosigned.origin} {shown.origin}")
    small, large = sorted((cosigned, shown), key=lambda point: point.size)
    if small.size == large.size:
        if small.root == large.root:
            raise _nothing(Text("ils disent la même chose", "they say the same"), str(small.size))
        return Text(
            f"deux racines signées pour la même taille, {small.size}",
            f"two signed roots of one size, {small.size}",
        )
    found = merkle.implied(small.size, large.size, path)
    if found is None or found[1] != large.root or found[0] == small.root:
        raise _nothing(
            Text(
                "un ancien et un nouveau ne se contredisent pas par eux-mêmes",
                "an old one and a new one do not contradict each other by themselves",
            ),
            f"{small.size} {large.size}",
        )
    return Text(
        f"les {small.size} premières entrées de l'histoire de {large.size} ne sont pas celles qui furent signées",
        f"the first {small.size} entries of the history of {large.size} are not those that were signed",
    )


def _read(data: bytes) -> tuple[Checkpoint, Checkpoint, tuple[bytes, ...]]:
    raw: Any = canonical.loads(data)
    try:
        if raw["format"] != FORMAT or len(raw["path"]) > _LONGEST:
            raise ValueError(raw["format"])
        path = tuple(bytes.fromhex(node) for node in raw["path"])
        return checkpoint.parse(raw["cosigned"]), checkpoint.parse(raw["shown"]), path
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise _nothing(Text("fichier illisible", "unreadable file"), str(problem)) from problem


def _nothing(why: Text, found: str) -> EvidenceError:
    return EvidenceError(
        "CONTRA-001",
        Text(f"aucune contradiction n'est prouvée : {why.fr}", f"no contradiction is proven: {why.en}"),
        found=found,
    )
