"""TD1.6: the professionals and structures that a patient allowed or blocked (listAuthorizationByPatient).

Authorisations that came to their end are in neither list. Who may ask is acceptance's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from mock_dmp.acceptance.engine import Breach
from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.habilitations import OK, AuthorisationLine, authorisation_list_response
from mock_dmp.services import custom, tracing
from mock_dmp.state import authorisations
from mock_dmp.state.authorisations import Held
from protocol import directory, facts
from protocol.customservices import read_authorisation_list
from protocol.directory import Professional

#: What the interface calls the states that the list may show.
_MODES: Final[dict[str, Literal["ACTIVE", "INTERDITE"]]] = {"valid": "ACTIVE", "forbidden": "INTERDITE"}
_ALL: Final = "TOUTE"
_ASKED: Final = (*_MODES.values(), _ALL)
#: Table of professions, as the codes of specialities name it.
_PROFESSIONS: Final = "G15"


@handler("TD1.6")
def list_authorisations(call: Call) -> Reply:
    """Answer with the holders of the mode that was asked. Raises Refusal."""
    mode = _mode(call)
    patient = custom.record_of(call)
    with call.session.store.read() as db:
        held = authorisations.listing(db, call.session.name, patient.key)
    lines = [line for line in _lines(call, held) if mode in (_ALL, line.mode)]
    tracing.trace(call, "liste des autorisations", result=OK)
    return Reply(authorisation_list_response(lines))


def _mode(call: Call) -> str:
    asked = custom.read(call, read_authorisation_list).mode
    if not asked:
        custom.judge(
            call,
            "WS-LIST-MODE-GIVEN",
            Breach("listAuthorizationByPatient/mode", "absent", " ou ".join(_ASKED)),
        )
        return _ALL
    if asked not in _ASKED:
        custom.judge(
            call, "WS-LIST-MODE", Breach("listAuthorizationByPatient/mode", asked, " ou ".join(_ASKED))
        )
        return _ALL
    return asked


def _lines(call: Call, held: tuple[Held, ...]) -> Iterator[AuthorisationLine]:
    now = call.session.now()
    for one in held:
        mode = _MODES.get(authorisations.state_at(one.given, now))
        if mode is not None:
            yield _line(one, mode)


def _line(one: Held, mode: Literal["ACTIVE", "INTERDITE"]) -> AuthorisationLine:
    """A holder whom the directory lost keeps its key for a name: it was its national id."""
    person = directory.professionals().get(one.given.professional)
    place = directory.structures().get(one.given.structure)
    known = person.ps_id if person else place.struct_id if place else ""
    return AuthorisationLine(
        national_id=known or one.given.professional or one.given.structure,
        national_id_type=facts.OID_PS if one.given.professional else facts.OID_STRUCTURE,
        first_name=person.given if person else "",
        last_name=person.family if person else place.name if place else "",
        speciality=speciality(person) if person else None,
        since=one.given.since,
        last_action=one.last_action,
        mode=mode,
        medecin_traitant=one.given.medecin_traitant,
    )


def speciality(person: Professional) -> tuple[str, str] | None:
    """`G15_10/SM26` and its label; None for who has no profession of that table (secretaries)."""
    role, specialty = person.role, person.specialty
    if role.system != facts.OID_PROFESSIONS:
        return None
    code = f"{_PROFESSIONS}_{role.code}"
    if specialty is None:
        return code, role.label
    return f"{code}/{specialty.code}", f"{role.label} - {specialty.label}"
