"""Public halves of keys that live elsewhere: which algorithm each kind signs with, and whether a signature is theirs.

Whatever a token or a service answers is verified here before anybody uses it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol.errors import Text, ToolError
from protocol.trust import ALGORITHM, ED25519

RSA: Final = "rsa-pkcs1-sha256"

Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True)
class Described:
    """A public key and the name under which errors speak of it."""

    public: Public
    name: str

    @property
    def keyid(self) -> str:
        """SHA-256 (hex) of the SubjectPublicKeyInfo."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return hashlib.sha256(self.public.public_bytes(serialization.Encoding.DER, form)).hexdigest()

    @property
    def algorithm(self) -> str:
        """Raises ValueError for a kind of key that none of ours is."""
        if isinstance(self.public, Ed25519PublicKey):
            return ED25519
        if isinstance(self.public, rsa.RSAPublicKey):
            return RSA
        if isinstance(self.public, ec.EllipticCurvePublicKey) and isinstance(self.public.curve, ec.SECP256R1):
            return ALGORITHM
        raise ValueError(f"{type(self.public).__name__}: P-256, RSA, Ed25519")

    def checked(self, signature: bytes, data: bytes) -> bytes:
        """The signature, when it is of this key over these bytes. Raises ToolError (SEAL-006)."""
        try:
            if isinstance(self.public, Ed25519PublicKey):
                self.public.verify(signature, data)
            elif isinstance(self.public, rsa.RSAPublicKey):
                self.public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as problem:
            raise ToolError(
                "SEAL-006",
                Text(
                    "la signature rendue n'est pas celle de la clé déclarée",
                    "the signature that came back is not that of the declared key",
                ),
                field=self.name,
                found=self.keyid,
                mend=Text(
                    "déclarer la clé publique de celle qui signe, ou l'étiquette de la bonne clé",
                    "declare the public key of the one that signs, or the label of the right key",
                ),
            ) from problem
        return signature
