"""The second decoder of the critical readings, by other code than the first: what both say is known, else AMBIGUOUS.

First readings: multipart by the `email` parser, base64 by `base64`, digests by `hashlib`, signatures by our own code
(xmldsig). Here: multipart cut by hand after RFC 2046, base64 by `binascii`, digests by `cryptography`, signatures by
signxml. Nothing is judged here.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from lxml import etree

if TYPE_CHECKING:
    from signxml.verifier import SignatureConfiguration

_BLANK: Final = b" \t\r\n"
_FOLD: Final = re.compile(rb"\r\n[ \t]+")
#: Methods that no certificate of the interface goes with.
_FOREIGN: Final = ("HMAC_", "DSA_")
#: What signxml lets out beside its own errors when a signature is oddly made.
_ODD: Final = (ValueError, TypeError, AttributeError, LookupError, NotImplementedError, etree.LxmlError)


@dataclass(frozen=True)
class Cut:
    """One part as RFC 2046 cuts it: its headers by lower-case name, in order, and its decoded bytes.

    `data` is None when the transfer encoding can't be undone.
    """

    headers: tuple[tuple[str, str], ...]
    data: bytes | None

    @property
    def content_id(self) -> str:
        """The last one: the first reading takes the first."""
        found = [value for name, value in self.headers if name == "content-id"]
        return found[-1].strip().removeprefix("<").removesuffix(">") if found else ""


def boundary_of(content_type: str) -> str:
    """The boundary parameter, read by its own letters: the last one where there are several."""
    found = re.findall(r';\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', content_type, re.IGNORECASE)
    quoted, bare = found[-1] if found else ("", "")
    return re.sub(r"\\(.)", r"\1", quoted) or bare


def cut(body: bytes, boundary: str) -> tuple[Cut, ...]:
    """The parts between delimiters that are CRLF, `--`, the boundary, white space, CRLF (RFC 2046 §5.1.1).

    A part that no delimiter closes is none.
    """
    mark = b"--" + boundary.encode("latin-1", "replace")
    delimiter = re.compile(rb"(?:\A|\r\n)" + re.escape(mark) + rb"(--)?[ \t]*(?=\r\n|\Z)")
    parts: list[Cut] = []
    begin: int | None = None
    place = 0
    while found := _next(delimiter, mark, body, place):
        if begin is not None:
            parts.append(_part(body[begin : found.start()]))
        if found[1]:
            break
        begin = found.end() + 2
        # The CRLF that ends a delimiter may begin the next one: an empty part.
        place = found.end()
    return tuple(parts)


def _next(delimiter: re.Pattern[bytes], mark: bytes, body: bytes, place: int) -> re.Match[bytes] | None:
    """`delimiter.search(body, place)`, looking only where its mark is: a tenth of the time."""
    at = body.find(mark, place)
    while at >= 0:
        start = max(at - 2, 0)
        if start >= place and (found := delimiter.match(body, start)):
            return found
        at = body.find(mark, at + 1)
    return None


def _part(data: bytes) -> Cut:
    if data.startswith(b"\r\n"):
        return Cut((), data[2:])
    head, _, content = data.partition(b"\r\n\r\n")
    lines = _FOLD.sub(b" ", head).split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    headers = tuple(
        (name.strip().lower().decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in pairs
    )
    return Cut(headers, _transferred(dict(headers).get("content-transfer-encoding", ""), content))


def _transferred(encoding: str, content: bytes) -> bytes | None:
    match encoding.strip().lower():
        case "" | "binary" | "8bit" | "7bit":
            return content
        case "base64":
            return inline(content)
        case "quoted-printable":
            return quopri.decodestring(content)
        case _:
            return None


def inline(text: bytes) -> bytes | None:
    """Base64 to its last bit: no foreign sign, and padding bits that are zero. None otherwise."""
    bare = text.translate(None, _BLANK)
    try:
        data = binascii.a2b_base64(bare, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return data if binascii.b2a_base64(data, newline=False) == bare else None


def sha1(data: bytes) -> str:
    """SHA-1 (hex): what XDS asks for, not a protection."""
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - a fingerprint that XDS asks for
    digest.update(data)
    return digest.finalize().hex()


@lru_cache(maxsize=64)
def _asked(moment: datetime) -> SignatureConfiguration:
    """What signxml is to accept of a signature, its certificate looked at on that day."""
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.verifier import SignatureConfiguration

    return SignatureConfiguration(
        location="./",
        expect_references=False,
        signature_methods=frozenset(item for item in SignatureMethod if not item.name.startswith(_FOREIGN)),
        digest_algorithms=frozenset(DigestAlgorithm),
        ignore_ambiguous_key_info=True,
        verification_time=moment,
    )


def signature_refused(signed: etree._Element, certificate: x509.Certificate | None, identifier: str) -> str:
    """Verify the signature that `signed` is or holds, with that certificate, by signxml; "" when it holds.

    `identifier`: name of the attributes that references lead to. The certificate's dates aren't judged.
    """
    if certificate is None:
        return "ds:X509Certificate"
    # Its import costs as much as many a document: those that are judged without a signature don't pay for it.
    from signxml.exceptions import SignXMLException
    from signxml.verifier import XMLVerifier

    try:
        XMLVerifier().verify(
            signed,
            x509_cert=certificate,
            id_attribute=identifier,
            validate_schema=False,
            expect_config=_asked(certificate.not_valid_before_utc + timedelta(seconds=1)),
        )
    except (SignXMLException, UnsupportedAlgorithm, *_ODD) as problem:
        return f"{type(problem).__name__}: {problem}"[:200]
    return ""
