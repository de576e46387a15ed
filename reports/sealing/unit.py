"""A time-stamping unit of this machine (RFC 3161): certificate and key in files, for tests and closed networks.

It stamps whatever it is asked, with the clock of the machine. Whoever wants the hour of another believes a service:
`reports.sealing.stamping`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, cms, core, pem, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from protocol.errors import ConfigError, Text

#: A policy of nobody else's (ITU-T X.667: the arc of UUIDs).
_POLICY: Final = "2.25.190462935071806834216504736892310164528"
_SERIAL_BITS: Final = 120


@dataclass(frozen=True)
class Unit:
    """Its certificate and key, ECDSA or RSA. `at`: a fixed hour, for tests."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    at: datetime | None = None

    def answer(self, request: bytes) -> bytes:
        """The response to a request, both in DER. Raises ValueError for what is no request."""
        asked = tsp.TimeStampReq.load(request, strict=True)
        info = self._info(asked).dump()
        content = cms.ContentInfo({"content_type": "signed_data", "content": self._signed(info)})
        made: bytes = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": content}).dump()
        return made

    def _info(self, asked: Any) -> Any:
        told = {
            "version": "v1",
            "policy": _POLICY,
            "message_imprint": asked["message_imprint"],
            "serial_number": secrets.randbits(_SERIAL_BITS) | 1,
            "gen_time": (self.at or datetime.now(UTC)).replace(microsecond=0),
            "accuracy": {"seconds": 1},
            "tsa": x509.GeneralName(name="directory_name", value=self.certificate.subject),
        }
        if asked["nonce"].native is not None:
            told["nonce"] = asked["nonce"]
        return tsp.TSTInfo(told)

    def _signed(self, info: bytes) -> Any:
        own = hashlib.sha256(self.certificate.dump()).digest()
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info).digest()]}),
                cms.CMSAttribute(
                    {
                        "type": "signing_certificate_v2",
                        "values": [tsp.SigningCertificateV2({"certs": [{"cert_hash": own}]})],
                    }
                ),
            ]
        )
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": {
                        "issuer": self.certificate.issuer,
                        "serial_number": self.certificate.serial_number,
                    }
                }
            ),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            **self._signature(attributes.dump()),
        }
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [digest],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
                "certificates": [self.certificate],
                "signer_infos": [signer],
            }
        )

    def _signature(self, data: bytes) -> dict[str, Any]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            name, made = "sha256_rsa", self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        else:
            name, made = "sha256_ecdsa", self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        return {"signature_algorithm": {"algorithm": name}, "signature": made}


def unit_of(certificate: Path, key: Path, at: datetime | None = None) -> Unit:
    """The unit of these two PEM files. Raises ConfigError."""
    try:
        _, _, der = pem.unarmor(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as problem:
        raise _unusable(key, str(problem)) from problem
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise _unusable(key, type(private).__name__)
    return Unit(x509.Certificate.load(der), private, at)


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "STAMP-006",
        Text("l'unité d'horodatage est inutilisable", "the time-stamping unit can't be used"),
        field=str(path),
        found=found,
    )
