"""Step on the time stamp of the statement: by an authority believed, over exactly these bytes, while the key might sign."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from protocol.errors import Text
from protocol.trust import load_trust, moment, stamp
from reports.stamped import FILE, SKEW
from reports.verification.state import STATEMENT_FILE, State, step
from reports.verify_evidence import Skip, ko

_NONE: Final = Text(
    "ce rapport n'est pas horodaté ; dmpcompat stamp DOSSIER l'horodate (extra « sign »)",
    "this report is not time-stamped; dmpcompat stamp FOLDER stamps it (extra `sign`)",
)


@step(
    100,
    "stamp",
    "Un horodatage prouve quand la déclaration existait",
    "A time stamp proves when the statement existed",
)
def stamped(state: State) -> Text:
    path = state.folder / FILE
    if not path.is_file():
        raise Skip(_NONE)
    at = _believed(state, path.read_bytes(), (state.folder / STATEMENT_FILE).read_bytes())
    issued = moment(state.statement["predicate"]["issuedAt"])
    if at < issued - SKEW:
        raise ko(
            "VERIFY-019",
            Text("horodaté avant la date qu'il se donne", "time-stamped before the date that it claims"),
            found=stamp(at),
            expected=f">= {stamp(issued)}",
        )
    _key_in_force(state, at)
    told = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return Text(told, told)


def _believed(state: State, response: bytes, envelope: bytes) -> datetime:
    """The moment of the stamp. Raises Skip when nobody here believes its authority, EvidenceError when it is wrong."""
    try:
        from reports.sealing import documents, stamping, testauthority
    except ImportError as problem:
        raise Skip(
            Text("l'extra « sign » n'est pas installé", "the extra `sign` is not installed")
        ) from problem
    claimed = stamping.claimed(response, envelope)
    place = state.authority or testauthority.existing()
    if place is None:
        raise Skip(
            Text(
                f"{stamp(claimed)}, par une autorité que personne ici ne croit ; donner --authority",
                f"{stamp(claimed)}, by an authority that nobody here believes; give --authority",
            )
        )
    folder = documents.of_folder(place)
    return stamping.verify(response, envelope, folder.roots, documents.revoked(place))


def _key_in_force(state: State, at: datetime) -> None:
    known = load_trust(state.known) if state.known else {}
    signers = [known[one.keyid] for one in state.signed.signatures if one.keyid in known]
    if not signers:
        raise Skip(
            Text(
                f"{stamp(at)} ; les dates de la clé ne sont connues que par le rapport, donner --trust",
                f"{stamp(at)}; the dates of the key are known from the report only, give --trust",
            )
        )
    for key in signers:
        if not key.valid_at(at):
            raise ko(
                "VERIFY-018",
                Text(
                    "horodaté quand la clé ne pouvait pas signer", "time-stamped when the key might not sign"
                ),
                where=key.name,
                found=stamp(at),
            )
