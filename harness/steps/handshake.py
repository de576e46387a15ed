"""`handshake`: which versions of TLS and which suites the platform accepts, tried one by one. No message is sent.

What this machine's own TLS library can't offer is left out, and said. Source: suites of July 2025 (PDT-INF-579).
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.drive.identity import Identity
from harness.players.driver import identity_of
from harness.problems import Problems
from harness.steps.api import Outcome, StepSpec, Unmet, step
from harness.steps.drive import AnyActor
from harness.vocabulary import Vocabulary
from protocol.errors import Text
from protocol.facts import TLS_SUITES
from protocol.yamlread import Where

Version = Literal["1.0", "1.1", "1.2", "1.3"]
_VERSIONS: Final[Mapping[str, ssl.TLSVersion]] = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_TIMEOUT: Final = 10.0
#: Old versions and weak suites are offered only below this level of the library.
_LAX: Final = ":@SECLEVEL=0"


class Handshakes(BaseModel):
    """Suites by their OpenSSL name, tried alone in TLS 1.2; versions tried with what the library offers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: list[str] = Field(default=list(TLS_SUITES), description="suites that must be accepted")
    refused: list[str] = Field(default=[], description="suites that must be refused")
    versions_refused: list[Version] = Field(default=[])


@step
class HandshakeStep(StepSpec):
    """Tries handshakes."""

    kind: ClassVar[str] = "handshake"
    handshake: Handshakes
    as_: AnyActor = Field(alias="as")

    def summary(self) -> Text:
        return Text("essayer des poignées de main TLS", "try TLS handshakes")

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        if self.as_.name not in names.identities and names.identities:
            what = Text("identité", "identity")
            problems.unknown("014", what, (*at, "as"), self.as_.name, names.identities)

    def run(self, context: CaseContext) -> Outcome:
        parts = urlsplit(context.platform.url)
        if parts.scheme != "https":
            raise Unmet("STEP-017", Text("la plateforme est sans TLS", "the platform has no TLS"))
        identity = identity_of(self.as_, context)
        where = (parts.hostname or "", parts.port or 443)
        asked = [
            *((name, "1.2", name, True) for name in self.handshake.accepted),
            *((name, "1.2", name, False) for name in self.handshake.refused),
            *((f"TLS {version}", version, "ALL", False) for version in self.handshake.versions_refused),
        ]
        tried = [
            {"what": what, "wanted": wanted, "found": attempt(identity, where, version, suites)}
            for what, version, suites, wanted in asked
        ]
        resolved = {"handshakes": tried}
        return Outcome(tuple(self.again(resolved)), resolved=resolved)

    @classmethod
    def again(cls, resolved: Mapping[str, Any]) -> list[Finding]:
        return [_finding(one) for one in resolved.get("handshakes", ())]


def attempt(identity: Identity, where: tuple[str, int], version: str, suites: str) -> str:
    """`accepted: suite`, `refused: why`, or `unable: why` when this machine can't offer it."""
    try:
        context = _context(identity, version, suites)
    except (ssl.SSLError, ValueError) as problem:
        return f"unable: {problem}"
    try:
        with (
            socket.create_connection(where, timeout=_TIMEOUT) as raw,
            context.wrap_socket(raw, server_hostname=where[0]) as secured,
        ):
            return f"accepted: {(secured.cipher() or ('?',))[0]}"
    except ssl.SSLError as problem:
        local = "NO_PROTOCOLS_AVAILABLE" in str(problem) or "NO_CIPHERS_AVAILABLE" in str(problem)
        return f"{'unable' if local else 'refused'}: {problem.reason or problem}"
    except OSError as problem:
        if isinstance(problem, ConnectionResetError):
            return "refused: reset"
        raise Unmet(
            "STEP-018",
            Text("la plateforme n'est pas joignable", "the platform can't be reached"),
            found=str(problem),
        ) from problem


def _context(identity: Identity, version: str, suites: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(identity.ca_file))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point
        context.minimum_version = context.maximum_version = _VERSIONS[version]
    context.set_ciphers(suites + _LAX)
    pair = identity.tls
    if pair.certificate_file is not None:
        context.load_cert_chain(str(pair.certificate_file), str(pair.key_file) if pair.key_file else None)
    return context


def _finding(one: Mapping[str, Any]) -> Finding:
    word = str(one["found"]).partition(":")[0]
    wanted = "accepted" if one["wanted"] else "refused"
    where = f"connection:{one['what']}"
    if word == "unable":
        return Finding("EXPECT-HANDSHAKE", "VACUOUS", where, str(one["found"]), wanted)
    return Finding("EXPECT-HANDSHAKE", "PASS" if word == wanted else "FAIL", where, str(one["found"]), wanted)
