"""The attestation of a homologation on paper, and its twin in HTML: what was decided, by whom, on what, which duties.

The PDF is sealed; it carries the signed statement, the entry of the register with its proof, the time stamp when there
is one, and the claim of its QR code. The secret number is not on it: its commitment is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.evidence import write_atomic
from protocol import dsse
from protocol.errors import Lang
from protocol.trust import moment
from reports import numbers
from reports.dossier.book import Dossier
from reports.homologation import statement
from reports.homologation.attestation_words import kind, obligations, words
from reports.homologation.bundle import ATTESTATION, receipt_json, receipt_of, statement_of
from reports.model import ORDER
from reports.paper.layout import ATTACHED, CLAIM, Attachment, environment, laid_out, needed
from reports.register.opening import Office
from reports.render.html import COLOURS

RECEIPT: Final = "receipt.json"
STAMP: Final = "timestamp.tsr"
_INHERITED: Final = "#3d6b8f"


@dataclass(frozen=True)
class Facts:
    """What an attestation is drawn from: the signed statement, the entry of the register with its proof (bytes of
    `receipt.json`), the time stamp of the statement (may be empty), names of people by key, reasons by line of event.
    """

    envelope: bytes
    receipt: bytes
    stamp: bytes
    names: Mapping[str, str]
    reasons: Mapping[str, str]

    @property
    def predicate(self) -> dict[str, Any]:
        found: dict[str, Any] = statement.read(dsse.read(self.envelope).payload)["predicate"]
        return found


def facts_of(office: Office, dossier: Dossier) -> Facts:
    """What the attestation of a file says now. Raises EvidenceError when the file has no number."""
    envelope = statement_of(office, dossier)
    reference = statement.read(dsse.read(envelope).payload)["predicate"]["reference"]
    stamp = office.folder / "declarations" / reference / STAMP
    return Facts(
        envelope,
        receipt_json(office.register.receipt(office.register.entries(reference)[0].seq)),
        stamp.read_bytes() if stamp.is_file() else b"",
        {keyid: key.name for keyid, key in dossier.people.known().items()},
        {event.line: event.reason for event in dossier.events()},
    )


def attestation(office: Office, dossier: Dossier, lang: Lang) -> bytes:
    """The document, sealed; the last one made is kept beside the statement, and travels in the bundle.

    Raises EvidenceError when the file has no number, ToolError without the extra `sign`.
    """
    needed()
    from reports.sealing import pades

    facts = facts_of(office, dossier)
    predicate = facts.predicate
    drawn = document(facts, lang, code_of(facts, office))
    sealed = pades.seal(drawn, pades.of(office.documents), f"{predicate['reference']} {predicate['result']}")
    place: Path = office.folder / "declarations" / predicate["reference"]
    write_atomic(place / ATTESTATION, sealed)
    return sealed


def twin(office: Office, dossier: Dossier, lang: Lang) -> bytes:
    """The same content as one page of HTML: nothing fetched, no script. Raises as `attestation`."""
    needed()
    facts = facts_of(office, dossier)
    return page(facts, lang, code_of(facts, office), "attestation_page.html.j2").encode()


def document(facts: Facts, lang: Lang, code: str) -> bytes:
    """The pages, not sealed yet. `code`: the claim of the QR code. Raises ToolError without the extra `sign`."""
    told = facts.predicate["reference"]
    attached = [
        Attachment(ATTACHED, facts.envelope, f"in-toto statement {told} (DSSE)"),
        Attachment(RECEIPT, facts.receipt, f"entry of the register {told}, with its proof"),
        Attachment(CLAIM, code.encode(), f"claim of the QR code {told} (JWS)"),
    ]
    if facts.stamp:
        attached.append(Attachment(STAMP, facts.stamp, f"time stamp of the statement {told} (RFC 3161)"))
    return laid_out(page(facts, lang, code), attached, moment(facts.predicate["issuedAt"]))


def code_of(facts: Facts, office: Office) -> str:
    """The claim of the QR code, signed by the agency."""
    from reports.paper import claim

    return claim.signed(claims(facts), office.seal)


def claims(facts: Facts) -> dict[str, str]:
    """What the QR code says."""
    predicate = facts.predicate
    return {
        "ref": predicate["reference"],
        "res": predicate["result"],
        "sw": f"{predicate['software']['name']} {predicate['software']['version']}",
        "iat": predicate["issuedAt"],
        "sha256": statement.digest(dsse.read(facts.envelope).payload),
    }


def page(facts: Facts, lang: Lang, code: str, template: str = "attestation.html.j2") -> str:
    """The HTML: to be laid out, or the twin."""
    from reports.paper import drawing

    payload = dsse.read(facts.envelope).payload
    raw = statement.read(payload)
    predicate = raw["predicate"]
    receipt = receipt_of(facts.receipt)
    told = words(lang)
    official = not predicate["reference"].startswith(numbers.TEST_ISSUER)
    counted = Counter(one["counts"] for one in predicate["cases"])
    counts = {verdict: counted[verdict] for verdict in (*ORDER, "INHERITED") if counted[verdict]}
    colours = {**COLOURS, "INHERITED": _INHERITED}
    return (
        environment("reports.homologation")
        .get_template(template)
        .render(
            p=predicate,
            w=told,
            lang=lang,
            official=official,
            watermark="" if official else drawing.watermark(told["watermark"]),
            reference=predicate["reference"],
            software=f"{predicate['software']['name']} {predicate['software']['version']}",
            issued=moment(predicate["issuedAt"]),
            kind=kind(predicate["kind"], lang),
            reviewers=[facts.names.get(keyid, keyid[:12]) for keyid in predicate["approvals"]],
            counts=counts,
            colours=colours,
            chart=drawing.bar(counts, colours),
            decided=[_decision(one, facts.reasons) for one in predicate["cases"] if one["decisions"]],
            obligations=obligations(lang),
            digest=statement.digest(payload),
            evidence=statement.evidence_of(raw)["preuves"],
            entry=receipt.entry.seq,
            checkpoint=str(receipt.checkpoint).splitlines(),
            qr=drawing.qr(code),
        )
    )


def _decision(case: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    return {**case, "why": "; ".join(reasons[line] for line in case["decisions"] if line in reasons)}
