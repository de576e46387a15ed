"""`fault`: arms a fault of the mock for the steps that follow, or disarms them all (`fault: off`).

What must not be sent after it (`forbid`, else what the kind of fault says) is judged at the end of the case, over the
journal of its session (harness.consequences). On a platform without control API it raises Unmet.
"""

from __future__ import annotations

import hashlib
import json
import ssl
from functools import cache
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.context import CaseContext, Watch
from harness.problems import Problems
from harness.steps.api import Outcome, StepSpec, step
from harness.steps.drive import DriveStep
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.yamlread import Where

OFF: Final = "off"
_PREFIX: Final = "AFTER-"
#: Kinds that strike the handshake, where no path says the session yet (docs/faults.md).
_CONNECTIONS: Final = frozenset({"stale-certificate", "tls-refusal"})


class Within(BaseModel):
    """How far after the fault a frame is forbidden: whichever comes first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int = Field(default=5, ge=1, le=1000)
    seconds: int = Field(default=300, ge=1, le=86_400)


@step
class FaultStep(StepSpec):
    """Make the platform fail."""

    kind: ClassVar[str] = "fault"
    fault: str = Field(min_length=1, description="kind of fault (docs/faults.md), or off to disarm all")
    with_: dict[str, Any] = Field(default={}, alias="with", description="parameters of the fault")
    when: dict[str, Any] = Field(default={}, description="which calls it strikes")
    when_done: Literal["", "before", "after"] = ""
    as_: str = Field(
        default="", alias="as", description="identity whose TLS certificate is refused (tls-refusal)"
    )
    forbid: list[str] | None = Field(
        default=None, description="frames that must not follow; those of the kind"
    )
    within: Within = Within()
    seeded: DriveStep | None = Field(
        default=None,
        description="what a wrong software would send after the call that is struck: for self-play",
    )

    @property
    def strikes_connections(self) -> bool:
        """Whether it strikes before a session is known: connections of every case are in its reach."""
        return self.fault in _CONNECTIONS

    def summary(self) -> Text:
        if self.fault == OFF:
            return Text("désarmer les pannes", "disarm the faults")
        return Text(f"armer la panne {self.fault}", f"arm the fault {self.fault}")

    def used(self) -> frozenset[str]:
        return names_in([self.with_, self.when])  # what is seeded comes later, with what is captured by then

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        known = kinds()
        if self.fault != OFF and self.fault not in known:
            problems.unknown("030", Text("panne", "fault"), (*at, "fault"), self.fault, frozenset(known))
            return
        for parameter in self.with_ if self.fault != OFF else ():
            if parameter not in known[self.fault]:
                where = (*at, "with", parameter)
                what = Text("paramètre de la panne", "parameter of the fault")
                problems.unknown("026", what, where, parameter, frozenset(known[self.fault]))
        for index, rule in enumerate(self.forbid or []):
            after = frozenset(name for name in names.rules if name.startswith(_PREFIX))
            if rule not in after:
                problems.unknown("011", Text("règle", "rule"), (*at, "forbid", index), rule, after)
        if self.seeded is not None:
            self.seeded.check_names((*at, "seeded"), names, problems)
        if self.as_ and names.identities and self.as_ not in names.identities:
            problems.unknown("014", Text("identité", "identity"), (*at, "as"), self.as_, names.identities)

    def run(self, context: CaseContext) -> Outcome:
        control, session = context.platform.need(), context.platform.session
        if self.fault == OFF:
            control.disarm(session)
            return Outcome()
        plan: dict[str, Any] = {
            "fault": self.fault,
            "with": substitute(self.with_, context.values),
            "when": substitute(self.when, context.values),
        }
        if self.when_done:
            plan["when_done"] = self.when_done
        if self.as_:
            plan["with"]["certificate"] = _fingerprint(context, self.as_)
        since = len(control.exchanges(session))
        told = control.arm(session, plan)
        forbid = told["forbids"] if self.forbid is None else self.forbid
        context.watches.append(
            Watch(int(told["id"]), self.fault, tuple(forbid), self.within.calls, self.within.seconds, since)
        )
        return Outcome()


@cache
def kinds() -> dict[str, frozenset[str]]:
    """Parameters of each kind of fault, from the schema that the data folder holds."""
    path = folder("datasets") / "faults" / "faults.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return {
        item["properties"]["fault"]["const"]: frozenset(item["properties"]["with"]["properties"])
        for item in schema["properties"]["faults"]["items"]["oneOf"]
    }


def _fingerprint(context: CaseContext, name: str) -> str:
    """SHA-256 (hex) of the TLS certificate of an identity."""
    pair = None if context.keyring is None else context.keyring.identity(name).tls
    if pair is None or pair.certificate_file is None:
        raise ToolError(
            "STEP-011", Text("aucun dossier de certificats", "no folder of certificates"), field="pki"
        )
    pem = pair.certificate_file.read_text(encoding="ascii")
    first = pem[pem.index("-----BEGIN") :].partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0] + first[1])).hexdigest()
