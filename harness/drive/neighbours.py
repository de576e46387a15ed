"""Calls that care software makes around those of the DMP: the INSi service, the parameter file.

Written from the public examples of the INSi service; nothing is signed, since the stub reads no token. Sending is
`harness.drive.client`; the step is `harness.steps.call`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from harness.drive import bind
from harness.drive.clock import Clock
from harness.drive.identity import Identity
from harness.drive.ids import Ids
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from protocol import safexml
from protocol.directory import Patient

Operation = Literal["insi-traits", "insi-card"]
_ACTIONS: Final[Mapping[str, str]] = {
    "insi-traits": "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite",
    "insi-card": "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecInfosCarteVitale",
}
_KIND: Final = ("Content-Type", "application/soap+xml; charset=UTF-8")
INSI_PATH: Final = "/insi"
PARAMETERS_PATH: Final = "/param-lps"
#: Authorisation number of the simulated software at the INSi service: a made-up one.
IDAM: Final = "TEST-IDAM"


@dataclass(frozen=True)
class Asked:
    """What is asked of INSi; what is None comes from the patient. `assertion`: id of an assertion to use again."""

    family: str | None = None
    given: Sequence[str] | None = None
    sex: str | None = None
    birth: str | None = None
    place: str = ""
    number: str | None = None
    idam: str = IDAM
    assertion: str = ""
    issued: str = ""


def insi(
    operation: Operation,
    patient: Patient,
    asked: Asked,
    identity: Identity,
    lps: Lps,
    *,
    clock: Clock,
    ids: Ids,
) -> OutgoingMessage:
    """A question to the INSi service. Facts: `assertion_id`, `issued`, `message_id`."""
    born = patient.birth_stamp
    number = patient.ins.number if asked.number is None else asked.number
    now = _stamp(clock.now())
    assertion = {
        "id": asked.assertion or f"_{ids.uuid()}",
        "issued": asked.issued or now,
        "issuer": identity.structure.struct_id,
        "subject": identity.user.ps_id,
    }
    message_id = f"urn:uuid:{ids.uuid()}"
    envelope = bind.fill(
        "insi",
        {
            "action": _ACTIONS[operation],
            "message_id": message_id,
            "assertion": assertion,
            "context_id": ids.uuid(),
            "now": now,
            "sender": identity.user.ps_id,
            "idam": asked.idam,
            "version": lps.version,
            "software": lps.name,
            "traits": operation == "insi-traits",
            "card": operation == "insi-card",
            "family": patient.family_birth if asked.family is None else asked.family,
            "given": list(patient.given if asked.given is None else asked.given),
            "sex": patient.sex if asked.sex is None else asked.sex,
            "birth": f"{born[:4]}-{born[4:6]}-{born[6:]}" if asked.birth is None else asked.birth,
            "place": asked.place,
            "number": number[:13],
            "key": number[13:],
            "rank": "1",
        },
    )
    return OutgoingMessage(
        transaction="INSi",
        path=INSI_PATH,
        headers=(_KIND,),
        body=safexml.serialize(envelope),
        facts={"assertion_id": assertion["id"], "issued": assertion["issued"], "message_id": message_id},
    )


def parameters(path: str = "") -> OutgoingMessage:
    """A fetch of the parameter file; `path` is where a redirection led."""
    accept = ("Accept", "application/xml, text/plain")
    return OutgoingMessage("param-lps", path or PARAMETERS_PATH, (accept,), b"", method="GET")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
