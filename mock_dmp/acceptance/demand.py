"""What the rules on a call look at, filled in as the stages go: assertion, certificate, VIHF, directory, patient.

The database is only read, on a connection that `policy.accept` holds meanwhile, so that a call that will be refused
never holds the writers' queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from lxml import etree
from sqlalchemy import Connection

from mock_dmp.acceptance.engine import Stage
from mock_dmp.acceptance.official import Believed, Official, listing
from mock_dmp.acceptance.trust import Trust
from mock_dmp.context import Call
from mock_dmp.rights import Standing, anywhere, standing
from mock_dmp.state import directory, patients
from mock_dmp.state.settings import Settings
from protocol.directory import Patient, Professional, Structure, WireNumber
from protocol.identifiers.cx import Cx
from protocol.vihf import Vihf


@dataclass
class Demand:
    """One call on its way. `certificate` signed the VIHF, None when it is unsigned; `vihf` is what was signed.

    `trust` is None when the mock runs without a PKI: nothing can be said of authorities then. `official`: the status
    list that the platform was given, None without; `listing`: that of this call, which may be the session's own.
    """

    call: Call
    trust: Trust | None
    now: datetime
    db: Connection
    assertion: etree._Element | None = None
    certificate: x509.Certificate | None = None
    signed: bool = False
    uses_sha1: bool = False
    told: Vihf | None = None
    body_patient: Cx | None = None
    patient: Patient | None = None
    number: WireNumber | None = None
    official: Official | None = None
    listing: Believed | None = None
    who: Standing | None = None

    @property
    def vihf(self) -> Vihf:
        """The VIHF; the stages before made sure that there is one."""
        assert self.told is not None  # noqa: S101 - by construction
        return self.told

    @property
    def settings(self) -> Settings:
        return self.call.session.settings

    @property
    def direct(self) -> bool:
        """Direct authentication; a VIHF that does not tell its mode is direct."""
        return self.vihf.mode in ("DIRECTE", "")

    @property
    def professional(self) -> Professional | None:
        return directory.professional(self.vihf.name_id)

    @property
    def structure(self) -> Structure | None:
        return directory.structure(self.vihf.structure)

    @property
    def tls_certificate(self) -> x509.Certificate | None:
        tls = self.call.tls
        return _certificate(tls.certificate) if tls and tls.certificate else None

    @property
    def standing(self) -> Standing | None:
        """What the caller is to the patient's DMP, worked out once; None when the patient is unknown.

        A call that is about no patient is judged on what the caller is anywhere.
        """
        caller, patient = self.call.caller, self.patient
        if caller is not None and not self.call.transaction.on_patient:
            return anywhere(caller)
        if self.who is None and patient is not None and caller is not None:
            self.who = standing(self.db, self.call.session.name, caller, patient, self.now)
        return self.who

    def look_up(self) -> None:
        """Fill in the patient of the VIHF and the wire number, as the session knows them."""
        session = self.call.session.name
        if self.vihf.patient is not None:
            named = self.vihf.patient
            self.patient = patients.by_ins(self.db, session, named.id, named.oid)
        if self.vihf.wire_number:
            value = self.vihf.wire_number
            self.number = directory.wire_number(self.db, session, value)
        self.listing = listing(self.db, session, self.official)
        if self.listing is not None and self.vihf.wire_number:
            self.number = self.listing.known(self.vihf.wire_number, self.number, self.now)


@lru_cache(maxsize=1024)
def _certificate(der: bytes) -> x509.Certificate:
    """A client sends the same one with every call."""
    return x509.load_der_x509_certificate(der)


def names(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    """Values of one attribute of the subject."""
    return tuple(str(item.value) for item in certificate.subject.get_attributes_for_oid(oid))


VIHF: Stage[Demand] = Stage("vihf")
SIGNATURE: Stage[Demand] = Stage("signature")
FRESHNESS: Stage[Demand] = Stage("freshness")
COHERENCE: Stage[Demand] = Stage("coherence")
HOMOLOGATION: Stage[Demand] = Stage("homologation")
RIGHTS: Stage[Demand] = Stage("rights")
