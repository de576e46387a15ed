"""The attestation of a homologation on paper: what was decided, by whom, on what, with which duties.

It is sealed and carries the signed statement. The secret number is not on it: its commitment is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from protocol import dsse
from protocol.errors import Lang, Text
from protocol.trust import moment
from reports import numbers
from reports.dossier.book import Dossier
from reports.homologation import statement
from reports.model import ORDER
from reports.paper.layout import environment, laid_out, needed
from reports.register.opening import Office
from reports.render.words import words as shared

_WORDS: Final[Mapping[str, Text]] = {
    "title": Text("Attestation d'homologation à la DMP-compatibilité", "Certificate of DMP compatibility"),
    "banner": Text(
        "Attestation de TEST — sans aucune valeur officielle.",
        "TEST certificate — without any official value.",
    ),
    "decided": Text("Décision du", "Decision of"),
    "CONFORM": Text("conforme", "conform"),
    "CONFORM_WITH_RESERVES": Text("conforme avec réserves", "conform with reserves"),
    "qr": Text("Référence et empreinte, signées.", "Reference and digest, signed."),
    "qr_alt": Text("Code QR : déclaration signée en abrégé", "QR code: short signed claim"),
    "issuer": Text("Autorité", "Authority"),
    "kind": Text("Nature", "Kind"),
    "parent": Text("Repose sur le connecteur", "Stands on the connector"),
    "family": Text("Famille de produits", "Family of products"),
    "profiles": Text("Profils", "Profiles"),
    "modes": Text("Modes d'authentification", "Authentication modes"),
    "framework": Text("Référentiel", "Framework"),
    "plan": Text("Plan de tests", "Test plan"),
    "report": Text("Rapport de tests", "Test report"),
    "examined": Text("Examen", "Examination"),
    "reviewers": Text("Approuvé par", "Approved by"),
    "anomalies": Text("Anomalies relevées puis closes", "Anomalies found and closed"),
    "verdicts": Text("Verdict retenu", "Verdict that counts"),
    "count": Text("Cas", "Cases"),
    "decisions": Text("Décisions des relecteurs", "Decisions of the reviewers"),
    "beside": Text(
        "Le verdict d'origine n'est jamais modifié : la décision s'y ajoute.",
        "An original verdict is never edited: a decision is added to it.",
    ),
    "case": Text("Cas", "Case"),
    "original": Text("Verdict d'origine", "Original verdict"),
    "counts": Text("Retenu", "Counts"),
    "reason": Text("Motif", "Reason"),
    "obligations": Text("Obligations", "Obligations"),
    "proof": Text("Preuve", "Proof"),
    "statement": Text("Déclaration signée", "Signed statement"),
    "evidence": Text("Preuves (manifeste)", "Evidence (manifest)"),
    "commitment": Text("Engagement du numéro secret", "Commitment of the secret number"),
    "entry": Text("Entrée du registre", "Entry of the register"),
    "checkpoint": Text("Point de contrôle, à conserver", "Checkpoint, to be kept"),
    "attached": Text(
        "La déclaration signée est jointe à ce document. L'homologation peut être suspendue ou retirée : seule la "
        "liste publique dit si elle tient.",
        "The signed statement is attached to this document. A homologation may be suspended or withdrawn: the public "
        "list alone says whether it holds.",
    ),
}
_KINDS: Final[Mapping[str, Text]] = {
    "L": Text("logiciel complet", "complete software"),
    "E": Text("connecteur", "connector"),
    "I": Text("intégrateur d'un connecteur", "integrator of a connector"),
}
_OBLIGATIONS: Final = (
    Text(
        "Le numéro d'homologation est secret ; il n'est employé que par la famille de produits ci-dessus.",
        "The homologation number is secret; only the family of products above uses it.",
    ),
    Text(
        "Le nom et la version du logiciel, à l'écran et dans chaque VIHF, sont ceux de cette attestation ou de ses "
        "versions ajoutées.",
        "Name and version of the software, on screen and in each VIHF, are those of this certificate or of releases "
        "added to it.",
    ),
    Text(
        "Une évolution des transactions ou des profils est déclarée à l'autorité avant d'être diffusée.",
        "A change of transactions or profiles is declared to the authority before it is released.",
    ),
)


def attestation(office: Office, dossier: Dossier, lang: Lang) -> bytes:
    """The document, sealed. Raises EvidenceError when the file has no number, ToolError without the extra `sign`."""
    needed()
    from reports.homologation.bundle import statement_of
    from reports.sealing import pades

    envelope = statement_of(office, dossier)
    raw = statement.read(dsse.read(envelope).payload)
    predicate = raw["predicate"]
    issued = moment(predicate["issuedAt"])
    page = _page(office, dossier, envelope, lang)
    drawn = laid_out(page, envelope, issued, f"in-toto statement {predicate['reference']} (DSSE)")
    return pades.seal(drawn, pades.of_folder(), f"{predicate['reference']} {predicate['result']}")


def _page(office: Office, dossier: Dossier, envelope: bytes, lang: Lang) -> str:
    from reports.paper import claim, drawing

    payload = dsse.read(envelope).payload
    raw = statement.read(payload)
    predicate, digest = raw["predicate"], statement.digest(payload)
    receipt = office.register.receipt(office.register.entries(predicate["reference"])[0].seq)
    counted = Counter(one["counts"] for one in predicate["cases"])
    reasons = {event.line: event.reason for event in dossier.events()}
    decided = [
        {**one, "why": "; ".join(reasons[line] for line in one["decisions"])}
        for one in predicate["cases"]
        if one["decisions"]
    ]
    told = {"ref": predicate["reference"], "res": predicate["result"], "sha256": digest}
    return (
        environment("reports.homologation")
        .get_template("attestation.html.j2")
        .render(
            p=predicate,
            w={name: text.to(lang) for name, text in _WORDS.items()},
            words=shared(lang) | {"INHERITED": "Hérité" if lang == "fr" else "Inherited"},
            lang=lang,
            official=not predicate["reference"].startswith(numbers.TEST_ISSUER),
            kind=_KINDS[predicate["kind"]].to(lang),
            reviewers=[dossier.people.name(keyid) for keyid in predicate["approvals"]],
            counts=[(verdict, counted[verdict]) for verdict in (*ORDER, "INHERITED") if counted[verdict]],
            decided=decided,
            obligations=[text.to(lang) for text in _OBLIGATIONS],
            digest=digest,
            evidence=statement.evidence_of(raw)["preuves"],
            entry=receipt.entry.seq,
            checkpoint=str(receipt.checkpoint).splitlines(),
            qr=drawing.qr(claim.signed(told, office.seal)),
        )
    )
