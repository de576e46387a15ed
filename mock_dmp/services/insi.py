"""The INSi service in small, over the patients of a session: one identity, none, or several. No DMP is looked at.

Real identity domains are never given. Traits must be those of the civil record: any of its given names, no other.
"""

from __future__ import annotations

import re
from typing import Final

from mock_dmp.context import Session
from mock_dmp.render.insi import InsiFault
from mock_dmp.state import patients, traits
from mock_dmp.state.traits import Like
from protocol import facts
from protocol.directory import Patient
from protocol.errors import IdentifierError
from protocol.folding import fold
from protocol.identifiers.ins import ins_key
from protocol.insi import InsiQuestion

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LETTERS: Final = re.compile(r"[A-Za-z' -]+")
_UNREADABLE: Final = (
    "Le service n'a pas pu traiter la demande. Vérifier les traits saisis, puis l'éditeur du logiciel."
)
_NOT_ALLOWED: Final = "Ce logiciel n'est pas autorisé à appeler le service. S'adresser à son éditeur."


class Refused(Exception):
    """The service answers with a fault."""

    def __init__(self, fault: InsiFault) -> None:
        self.fault = fault
        super().__init__(fault.code)


def search(session: Session, asked: InsiQuestion) -> tuple[Patient, ...]:
    """Those whom the question fits, two at most. Raises Refused."""
    _check(session, asked)
    found = _by_card(session, asked) if asked.operation == "RECVITALE" else _by_traits(session, asked)
    return tuple(one for one in found if one.ins.oid not in facts.PRODUCTION_INS_OIDS)[:2]


def _check(session: Session, asked: InsiQuestion) -> None:
    if not asked.context:
        raise _wrong("mock_contexte", "Les en-têtes ContexteBAM et ContexteLPS sont attendus.")
    known = str(session.settings.switch("insi_idam"))
    if not asked.idam or (known and asked.idam != known):
        raise Refused(
            InsiFault("siram_100", "desir_550", _NOT_ALLOWED, "Numéro d'autorisation du logiciel inconnu.")
        )
    if not _DAY.fullmatch(asked.birth):
        raise _wrong("mock_date", f"DateNaissance : {asked.birth or 'absente'}, AAAA-MM-JJ attendu.")
    if asked.operation == "RECSANSVITALE":
        _check_traits(session, asked)


def _check_traits(session: Session, asked: InsiQuestion) -> None:
    if not asked.family or not any(asked.given) or asked.sex not in ("M", "F"):
        raise _wrong("mock_traits", "NomNaissance, Prenom, Sexe (M ou F) et DateNaissance sont attendus.")
    strict = session.settings.on("insi_strict_characters")
    if strict and not all(_LETTERS.fullmatch(one) for one in (asked.family, *asked.given)):
        raise _wrong("insi_102", "Un trait d'identité porte un caractère que le service n'admet pas.")


def _wrong(code: str, error: str) -> Refused:
    """Codes in mock_ are ours: those of the real service are not known."""
    return Refused(InsiFault("siram_40", code, _UNREADABLE, error, soap_code="Receiver"))


def _by_traits(session: Session, asked: InsiQuestion) -> tuple[Patient, ...]:
    like = Like(family=asked.family, born=asked.birth.replace("-", ""), sex=asked.sex)
    with session.store.read() as db:
        near = traits.find(db, session.name, like)
        found = patients.by_keys(db, session.name, [one.patient for one in near])
    return tuple(one for one in found if _is(one, asked))


def _is(who: Patient, asked: InsiQuestion) -> bool:
    """By the birth name (a usual name is none of the traits), by given names of the civil record, by the place."""
    held = {fold(one) for one in who.given} | {fold(" ".join(who.given))}
    return (
        fold(who.family_birth) == fold(asked.family)
        and {fold(one) for one in asked.given} <= held
        and asked.place in ("", who.birth_place.insee)
    )


def _by_card(session: Session, asked: InsiQuestion) -> tuple[Patient, ...]:
    """By the individual's number when the card holds it, else by that of the insured; the birth date must agree."""
    number = _complete(asked.individual or asked.insured)
    if not number:
        return ()
    with session.store.read() as db:
        found = patients.by_ins(db, session.name, number, facts.OID_INS_TEST)
    born = asked.birth.replace("-", "")
    same = found is not None and found.birth_stamp == born
    named = found is not None and (not asked.family or fold(asked.family) == fold(found.family_birth))
    return (found,) if found is not None and same and named else ()


def _complete(number: str) -> str:
    """15 characters; "" when the number is no NIR or its key is wrong."""
    try:
        whole = number[:13] + ins_key(number[:13])
    except IdentifierError:
        return ""
    return whole if number in (number[:13], whole) else ""
