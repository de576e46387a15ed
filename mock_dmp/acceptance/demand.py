"""What the rules on a call look at, filled in as the stages go: assertion, certificate, VIHF, directory, patient.

Reading the database is done on short connections, so that a call that will be refused never holds the
writers' queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from mock_dmp.acceptance.engine import Stage
from mock_dmp.acceptance.trust import Trust
from mock_dmp.context import Call
from mock_dmp.rights import Standing, standing
from mock_dmp.state import directory, patients
from mock_dmp.state.settings import Settings
from protocol.directory import Patient, Professional, Structure, WireNumber
from protocol.identifiers.cx import Cx
from protocol.vihf import Vihf


@dataclass
class Demand:
    """One call on its way. `certificate` signed the VIHF, None when it is unsigned; `vihf` is what was signed.

    `trust` is None when the mock runs without a PKI: nothing can be said of authorities then.
    """

    call: Call
    trust: Trust | None
    now: datetime
    assertion: etree._Element | None = None
    certificate: x509.Certificate | None = None
    signed: bool = False
    uses_sha1: bool = False
    told: Vihf | None = None
    body_patient: Cx | None = None
    patient: Patient | None = None
    number: WireNumber | None = None
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
        return x509.load_der_x509_certificate(tls.certificate) if tls and tls.certificate else None

    @property
    def standing(self) -> Standing | None:
        """What the caller is to the patient's DMP, worked out once; None when the patient is unknown."""
        caller, patient = self.call.caller, self.patient
        if self.who is None and patient is not None and caller is not None:
            with self.call.session.store.read() as db:
                self.who = standing(db, self.call.session.name, caller, patient, self.now)
        return self.who

    def look_up(self) -> None:
        """Fill in the patient of the VIHF and the wire number, as the session knows them."""
        session = self.call.session
        with session.store.read() as db:
            if self.vihf.patient is not None:
                named = self.vihf.patient
                self.patient = patients.by_ins(db, session.name, named.id, named.oid)
            if self.vihf.wire_number:
                self.number = directory.wire_number(db, session.name, self.vihf.wire_number)


def names(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> tuple[str, ...]:
    """Values of one attribute of the subject."""
    return tuple(str(item.value) for item in certificate.subject.get_attributes_for_oid(oid))


VIHF: Stage[Demand] = Stage("vihf")
SIGNATURE: Stage[Demand] = Stage("signature")
FRESHNESS: Stage[Demand] = Stage("freshness")
COHERENCE: Stage[Demand] = Stage("coherence")
HOMOLOGATION: Stage[Demand] = Stage("homologation")
RIGHTS: Stage[Demand] = Stage("rights")
