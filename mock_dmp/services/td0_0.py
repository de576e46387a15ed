"""TD0.0: the identity of a patient from the NIR read on the Vitale card (identityCertification). Historic.

Stopped on 2023-09-30 and replaced by the INSi service: refused, saying so, unless the session opens it
(`td0_0_open`) to replay older scenarios. Who has no DMP has an identity all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mock_dmp.acceptance.engine import Breach
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.certification import certification_response
from mock_dmp.render.custom import OK
from mock_dmp.services import custom, tracing
from mock_dmp.state import patients
from protocol import facts
from protocol.certification import CertificationRequest, read_certification
from protocol.directory import Patient
from protocol.errors import IdentifierError
from protocol.identifiers.ins import ins_key

_RULE: Final = "WS-CERTIFICATION"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANK: Final = re.compile(r"[1-9]")
_INSTEAD: Final = "remplacée par INSi, rechercherInsAvecTraitsIdentite (/insi)"


@handler("TD0.0")
def certify(call: Call) -> Reply:
    """Answer with the identity. Raises Refusal."""
    if not call.session.settings.on("td0_0_open"):
        raise Refusal("MockTransactionStopped", context=_INSTEAD, carrier="ws")
    asked = custom.read(call, read_certification)
    for breach in _breaches(asked):
        custom.judge(call, _RULE, breach)
    found = _find(call, asked)
    if found is None:
        raise Refusal("MockIdentityNotFound", carrier="ws")
    tracing.trace(call, "certification d'identité", result=OK)
    return Reply(certification_response(found))


def _breaches(asked: CertificationRequest) -> Iterator[Breach]:
    if not asked.insured:
        yield Breach("nirOD", "absent", "le NIR de l'assuré")
    for name, number in (("nirOD", asked.insured), ("nirIndividu", asked.individual)):
        if number and _complete(number) is None:
            yield Breach(name, number, "13 caractères, ou 15 avec une clé juste")
    if not _DAY.fullmatch(asked.birth):
        yield Breach("dateNaissance", asked.birth or "absent", "AAAA-MM-JJ")
    if not _RANK.fullmatch(asked.rank):
        yield Breach("rangNaissance", asked.rank or "absent", "un chiffre de 1 à 9")


def _find(call: Call, asked: CertificationRequest) -> Patient | None:
    """Whom the number and the birth date both name: the individual's number when it is told, else the insured's."""
    number = _complete(asked.individual or asked.insured)
    if number is None:
        return None
    with call.session.store.read() as db:
        found = patients.by_ins(db, call.session.name, number, facts.OID_INS_TEST)
    return found if found is not None and found.birth_stamp == asked.birth.replace("-", "") else None


def _complete(number: str) -> str | None:
    """15 characters from 13 or 15 (Corsica keeps 2A or 2B); None when it is no NIR or its key is wrong."""
    try:
        whole = number[:13] + ins_key(number[:13])
    except IdentifierError:
        return None
    return whole if number in (number[:13], whole) else None
