"""Steps 4 to 7: who signed the statement, what it says, when it existed, which number it is about."""

from __future__ import annotations

from protocol import canonical, dsse
from protocol.errors import Text
from protocol.trust import moment
from reports import numbers
from reports.homologation import believing, proving, statement
from reports.homologation.agreement import SKEW
from reports.homologation.reading import Read, step
from reports.register.numbering import commitment
from reports.verify_evidence import Skip, ko

_GOOD = ("PASS", "WARN", "NOT_APPLICABLE", "INHERITED")


@step(
    4, "La déclaration est signée par le cachet de l'autorité", "The statement is signed by the agency's seal"
)
def signature(read: Read) -> Text:
    data = read.need("statement.dsse.json")
    if not canonical.is_canonical(data):
        raise ko("HOMO-030", Text("JSON non canonique", "JSON that is not canonical"))
    envelope = dsse.read(data)
    if envelope.payload_type != dsse.PAYLOAD_TYPE:
        raise ko("HOMO-030", Text("type inattendu", "unexpected type"), found=envelope.payload_type)
    if len({one.keyid for one in envelope.signatures}) != len(envelope.signatures):
        raise ko("HOMO-030", Text("deux signatures de la même clé", "two signatures by one key"))
    read.envelope, read.statement = envelope, statement.read(envelope.payload)
    believing.settle(read)
    covered = dsse.encoding(envelope.payload_type, envelope.payload)
    issuer, issued = read.predicate["issuer"]["id"], moment(read.predicate["issuedAt"])
    seals = [read.keys[one.keyid] for one in envelope.signatures if one.keyid in read.keys]
    for one in envelope.signatures:
        key = read.keys.get(one.keyid)
        if key is None:
            believing.refuse_root(read, one.keyid)
            continue
        if not key.verifies(one.value, covered):
            read.statement = {}
            raise ko("HOMO-031", Text("signature fausse", "wrong signature"), found=one.keyid)
        if key.role != "seal" or issuer not in key.issuers:
            raise ko(
                "HOMO-032", Text("cette clé ne le peut pas", "this key may not"), found=f"{key.role} {issuer}"
            )
        if not key.valid_at(issued):
            raise ko("HOMO-033", Text("clé hors de ses dates", "key outside its dates"), found=str(issued))
        proving.refuse_unproven(read, key)
    if not seals:
        raise ko("HOMO-034", Text("aucune signature de confiance", "no trusted signature"))
    if issued > read.at + SKEW:
        raise ko(
            "HOMO-075",
            Text("datée d'après le moment regardé", "dated after the moment looked at"),
            found=str(issued),
            expected=f"<= {read.at:%Y-%m-%d %H:%M:%S}Z",
        )
    if read.unvouched is not None:
        raise Skip(read.unvouched)
    proving.over_unproven(read, seals)
    return believing.told(read, seals[0].name)


@step(
    5,
    "La déclaration est bien formée et dit ce qu'elle doit",
    "The statement is well formed and says what it must",
)
def content(read: Read) -> Text:
    predicate = read.predicate
    bad = [one["code"] for one in predicate["cases"] if one["counts"] not in _GOOD]
    if bad:
        raise ko("HOMO-035", Text("un cas n'est pas conforme", "a case is not conform"), found=" ".join(bad))
    undecided = [
        one["code"]
        for one in predicate["cases"]
        if (one["verdict"] != one["counts"] or one["verdict"] == "NOT_APPLICABLE") and not one["decisions"]
    ]
    if undecided:
        text = Text(
            "un verdict compte sans décision d'un relecteur", "a verdict counts that no reviewer decided"
        )
        raise ko("HOMO-036", text, found=" ".join(undecided))
    told = f"{predicate['software']['name']} {predicate['software']['version']}, {predicate['result']}"
    return Text(told, told)


@step(6, "La déclaration est horodatée", "The statement is time-stamped")
def stamp(read: Read) -> Text:
    read.stamped = proving.stamped(read)
    proving.refuse_late(read, read.stamped)
    told = read.stamped.strftime("%Y-%m-%d %H:%M:%S UTC")
    if read.brought.authority is None:
        raise Skip(
            Text(
                f"{told}, par une autorité que seul le paquet fait connaître ; donner --authority",
                f"{told}, by an authority known from the bundle only; give --authority",
            )
        )
    return Text(told, told)


@step(
    7,
    "La référence est juste, le numéro secret s'y rattache",
    "The reference is right, the secret number belongs to it",
)
def reference(read: Read) -> Text:
    printed = read.predicate["reference"]
    if str(numbers.parse(printed)) != printed or printed[:3] != read.predicate["issuer"]["id"]:
        raise ko(
            "HOMO-037", Text("référence mal écrite ou d'un autre émetteur", "wrong reference"), found=printed
        )
    if not read.brought.number:
        return Text(f"{printed} (numéro secret non présenté)", f"{printed} (secret number not shown)")
    try:
        opened = commitment(read.brought.number, read.brought.nonce)
    except ValueError as problem:
        raise ko(
            "HOMO-038", Text("preuve du numéro illisible", "unreadable proof of the number")
        ) from problem
    if opened != read.predicate["numberCommitment"]:
        raise ko(
            "HOMO-038",
            Text("ce numéro est celui d'une autre référence", "the number of another reference"),
        )
    return Text(printed, printed)
