"""Steps on the signed statement: its files, envelope, form, signature and reference."""

from __future__ import annotations

from typing import Final

from protocol import canonical, dsse
from protocol.errors import Text
from protocol.trust import load_trust, moment
from reports import numbers, statement
from reports.verification.state import STATEMENT_FILE, State, step
from reports.verify_evidence import Skip, ko

_MAX_BYTES: Final = 64 * 1024 * 1024


@step(
    10,
    "files",
    "Les fichiers du rapport sont là, et eux seuls",
    "The report's files are there, and only they",
)
def files(state: State) -> Text:
    found = [entry for entry in state.folder.iterdir() if entry.name != "preuves"]
    for entry in found:
        if entry.is_symlink() or not entry.is_file() or entry.stat().st_size > _MAX_BYTES:
            raise ko("VERIFY-002", Text("entrée inattendue", "unexpected entry"), found=entry.name)
    return Text(f"{len(found)} fichiers", f"{len(found)} files")


@step(
    20,
    "envelope",
    "L'enveloppe signée se lit sans ambiguïté",
    "The signed envelope reads without ambiguity",
)
def envelope(state: State) -> Text:
    data = (state.folder / STATEMENT_FILE).read_bytes()
    if not canonical.is_canonical(data):
        raise ko("VERIFY-003", Text("JSON non canonique", "JSON that is not canonical"), found=STATEMENT_FILE)
    read = dsse.read(data)
    if read.payload_type != dsse.PAYLOAD_TYPE or not read.signatures:
        raise ko("VERIFY-004", Text("type ou signature absents", "type or signature missing"))
    if len({signature.keyid for signature in read.signatures}) != len(read.signatures):
        raise ko("VERIFY-005", Text("deux signatures de la même clé", "two signatures by one key"))
    state.envelope = read
    return Text(f"{len(read.signatures)} signature(s)", f"{len(read.signatures)} signature(s)")


@step(30, "statement", "La déclaration est bien formée", "The statement is well formed")
def content(state: State) -> Text:
    state.statement = statement.read(state.signed.payload)
    predicate = state.statement["predicate"]
    return Text(predicate["result"], predicate["result"])


@step(40, "signature", "La signature est bonne, par une clé de confiance", "Signed by a trusted key")
def signature(state: State) -> Text:
    known = state.keys()
    predicate = state.statement["predicate"]
    issued = moment(predicate["issuedAt"])
    issuer = predicate["reportRef"][:3]
    believed = [signature for signature in state.signed.signatures if signature.keyid in known]
    if not believed:
        _check_bundled_key(state)
        raise Skip(
            Text(
                "la signature est intacte, mais sa clé n'est connue que par le rapport lui-même ; "
                "donner --trust avec le fichier de confiance de l'émetteur",
                "the signature is intact, but its key is known from the report itself only; "
                "give --trust with the issuer's trust file",
            )
        )
    covered = dsse.encoding(state.signed.payload_type, state.signed.payload)
    for signature in believed:
        key = known[signature.keyid]
        if not key.verifies(signature.value, covered):
            raise ko("VERIFY-006", Text("signature fausse", "wrong signature"), found=signature.keyid)
        if key.role != "seal" or issuer not in key.issuers:
            raise ko(
                "VERIFY-007",
                Text(
                    "cette clé ne peut pas signer pour cet émetteur", "this key may not sign for this issuer"
                ),
                found=f"{key.role} {issuer}",
                expected=f"seal {' '.join(key.issuers)}",
            )
        if not key.valid_at(issued):
            raise ko("VERIFY-008", Text("clé hors de ses dates", "key outside its dates"), found=str(issued))
        if not key.proven_by(state.existed):
            # A report of a run is in no register: alone it proves no date, and the thief of a key writes any.
            raise ko(
                "VERIFY-016",
                Text(
                    "clé révoquée, et rien ne prouve que ce rapport existait avant ; "
                    "vérifier le paquet de l'homologation qui le nomme",
                    "distrusted key, and nothing proves that this report existed before; "
                    "verify the bundle of the homologation that names it",
                ),
                found=str(state.existed or "-"),
                expected=f"<= {key.distrust_after}",
            )
    name = known[believed[0].keyid].name
    return Text(name, name)


def _check_bundled_key(state: State) -> None:
    bundled = load_trust(state.folder / "trust.json")
    covered = dsse.encoding(state.signed.payload_type, state.signed.payload)
    for signature in state.signed.signatures:
        key = bundled.get(signature.keyid)
        if key is None or not key.verifies(signature.value, covered):
            raise ko("VERIFY-006", Text("signature fausse", "wrong signature"), found=signature.keyid)


@step(50, "reference", "Le numéro de référence est juste", "The reference number is right")
def reference(state: State) -> Text:
    printed = state.statement["predicate"]["reportRef"]
    told = str(numbers.parse(printed))
    if told != printed:
        raise ko("VERIFY-009", Text("référence mal écrite", "reference badly written"), found=printed)
    return Text(told, told)
