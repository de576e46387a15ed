"""Step on the time stamp of the statement: an authority believed, these very bytes, an hour when the key might sign."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from protocol.errors import ConfigError, EvidenceError, Text
from protocol.trust import moment, stamp
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
    _key_in_force(state, at, max(at, issued))
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
    unknown = Text(
        f"{stamp(claimed)}, par une autorité que personne ici ne croit ; donner --authority",
        f"{stamp(claimed)}, by an authority that nobody here believes; give --authority",
    )
    if place is None:
        raise Skip(unknown)
    try:
        return documents.stamped(response, envelope, place)
    except ConfigError as problem:  # what is wrong here says nothing of the report
        raise Skip(Text(problem.message("fr"), problem.message("en"))) from problem
    except EvidenceError:
        # A report of elsewhere is stamped elsewhere: only who names an authority says that it must be this one.
        if state.authority is None and stamping.consistent(response):
            raise Skip(unknown) from None
        raise


def _key_in_force(state: State, at: datetime, judged: datetime) -> None:
    """`judged`: the moment to judge, which two clocks tell: a key that signed at once is not too young for a stamp."""
    known = state.keys()
    signers = [known[one.keyid] for one in state.signed.signatures if one.keyid in known]
    if not signers:
        raise Skip(
            Text(
                f"{stamp(at)} ; les dates de la clé ne sont connues que par le rapport, donner --trust",
                f"{stamp(at)}; the dates of the key are known from the report only, give --trust",
            )
        )
    for key in signers:
        if not key.valid_at(judged):
            raise ko(
                "VERIFY-018",
                Text(
                    "horodaté quand la clé ne pouvait pas signer", "time-stamped when the key might not sign"
                ),
                where=key.name,
                found=stamp(at),
            )
