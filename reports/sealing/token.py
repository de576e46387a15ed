"""A key of a PKCS#11 token or HSM (extra `hsm`): one session a signature, so that nothing stays open between two.

A login is the process's, not the session's: signatures of one process take turns. A PIN is tried once, since a token
counts the wrong ones.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from protocol.errors import ConfigError, DmpcompatError, Text, ToolError
from protocol.trust import ALGORITHM, ED25519
from reports.sealing.holding import RSA, Described

_TURNS: Final = threading.Lock()
#: PKCS#11 v3.0: CKK_RSA, CKK_EC, CKK_EC_EDWARDS; each with its mechanism and its length in the mechanism's words.
_KINDS: Final[Mapping[str, tuple[int, str]]] = {
    RSA: (0x00, "SHA256_RSA_PKCS"),
    ALGORITHM: (0x03, "ECDSA"),
    ED25519: (0x40, "EDDSA"),
}


@dataclass(frozen=True)
class Place:
    """Where a private key is: library, labels of token and key, and the PIN (a secret, never shown)."""

    module: str
    token: str
    label: str

    @property
    def told(self) -> str:
        return f"{self.token} / {self.label}"


def sign(place: Place, key: Described, pin: str, data: bytes) -> bytes:
    """The signature of these bytes by that key, verified; ECDSA in DER.

    Raises ConfigError without the library, ToolError when the token refuses or is gone: nothing was signed.
    """
    pkcs11 = _library()
    kind, mechanism = _KINDS[key.algorithm]
    with _TURNS, _told(place, pkcs11):
        token = pkcs11.lib(place.module).get_token(token_label=place.token)
        wanted = pkcs11.Mechanism[mechanism]
        if wanted not in token.slot.get_mechanisms():
            raise _NO_MECHANISM.error(place, "", f"CKM_{mechanism}")
        with token.open(user_pin=pin) as session:
            private: Any = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=place.label)
            if int(private.key_type) != kind:
                raise _OTHER_KIND.error(place, str(private.key_type), key.algorithm)
            covered = hashlib.sha256(data).digest() if key.algorithm == ALGORITHM else data
            raw = bytes(private.sign(covered, mechanism=wanted))
    half = len(raw) // 2
    if key.algorithm == ALGORITHM:
        raw = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
    return key.checked(raw, data)


def _library() -> Any:
    try:
        import pkcs11
    except ImportError as problem:
        raise ConfigError(
            "SEAL-003",
            Text("l'extra « hsm » n'est pas installé", "the extra `hsm` is not installed"),
            field="provider",
            mend=Text("pip install dmpcompat[hsm]", "pip install dmpcompat[hsm]"),
        ) from problem
    return pkcs11


@contextmanager
def _told(place: Place, pkcs11: Any) -> Iterator[None]:
    """Errors of the library, for a reader."""
    try:
        yield
    except DmpcompatError:
        raise
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as problem:
        name = type(problem).__name__
        cause = next((one for one in _CAUSES if name in one.names), _UNKNOWN)
        found = f"{name} {problem}".strip()
        raise cause.error(place, found) from problem


@dataclass(frozen=True)
class _Cause:
    """Errors of the library that mean one thing to whoever mends it."""

    names: frozenset[str]
    code: str
    text: Text
    mend: Text

    def error(self, place: Place, found: str, expected: str = "") -> ToolError:
        where = place.module if self.code == "SEAL-008" else place.told
        return ToolError(self.code, self.text, field=where, found=found, expected=expected, mend=self.mend)


_BACK: Final = Text(
    "brancher ou démarrer le jeton, puis refaire la même commande",
    "plug in or start the token, then give the same command again",
)
_UNKNOWN: Final = _Cause(
    frozenset(), "SEAL-004", Text("le jeton n'a pas signé", "the token did not sign"), _BACK
)
_NO_LIBRARY: Final = _Cause(
    frozenset({"PKCS11Error"}),
    "SEAL-008",
    Text("la bibliothèque PKCS#11 ne se charge pas", "the PKCS#11 library can't be loaded"),
    Text(
        "donner dans « module » le chemin de la bibliothèque du jeton",
        "give the path of the token's library in `module`",
    ),
)
_NO_TOKEN: Final = _Cause(
    frozenset({"NoSuchToken", "TokenNotPresent", "TokenNotRecognised", "SlotIDInvalid"}),
    "SEAL-009",
    Text("le jeton n'est pas là", "the token is not there"),
    _BACK,
)
_PIN: Final = _Cause(
    frozenset({"PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "PinLocked"}),
    "SEAL-010",
    Text("le jeton refuse le code PIN", "the token refuses the PIN"),
    Text(
        "corriger le code avant d'essayer encore : le jeton compte les essais, et se bloque",
        "mend the PIN before trying again: the token counts, and locks itself",
    ),
)
_NO_KEY: Final = _Cause(
    frozenset({"NoSuchKey", "MultipleObjectsReturned", "MultipleTokensReturned"}),
    "SEAL-011",
    Text(
        "pas une clé et une seule de cette étiquette dans le jeton",
        "not exactly one key of that label in the token",
    ),
    Text("donner l'étiquette d'une clé privée du jeton", "give the label of a private key of the token"),
)
_OTHER_KIND: Final = _Cause(
    frozenset({"KeyTypeInconsistent"}),
    "SEAL-012",
    Text("la clé du jeton est d'une autre sorte", "the token's key is of another kind"),
    Text("donner l'étiquette de la bonne clé", "give the label of the right key"),
)
_NO_MECHANISM: Final = _Cause(
    frozenset({"MechanismInvalid", "FunctionNotSupported"}),
    "SEAL-013",
    Text("ce jeton ne sait pas signer ainsi", "this token can't sign so"),
    Text(
        "employer un jeton qui a ce mécanisme, ou garder cette clé dans un fichier ou derrière un service",
        "use a token that has this mechanism, or keep this key in a file or behind a service",
    ),
)
_GONE: Final = _Cause(
    frozenset(
        {
            "DeviceError",
            "DeviceRemoved",
            "SessionClosed",
            "SessionHandleInvalid",
            "UserNotLoggedIn",
            "ObjectHandleInvalid",
            "KeyHandleInvalid",
            "FunctionCancelled",
        }
    ),
    "SEAL-014",
    Text(
        "le jeton est parti en cours de route ; rien n'a été signé",
        "the token went away on the way; nothing was signed",
    ),
    _BACK,
)
_CAUSES: Final = (_NO_LIBRARY, _NO_TOKEN, _PIN, _NO_KEY, _OTHER_KIND, _NO_MECHANISM, _GONE)
