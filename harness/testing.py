"""What a test-suite asks of a mock: a process, isolated sessions, assertions on what a session received.

The fixtures of pytest over this are in `pytest_dmpcompat`; anything else may use it as well. The mock is started by its
command line, or was by somebody else. Failures are AssertionErrors that say what was received instead.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.rule import Finding
from harness.control import Control, TlsFiles
from harness.expectation_words import title
from harness.observe.reading import Frame, patients
from harness.observe.source import MockJournal, Seen
from protocol import transactions
from protocol.errors import Lang, Text, ToolError

#: By its path: the tests in whose folder this runs may have a cli.py of their own.
_COMMAND: Final = (sys.executable, "-P", str(Path(__file__).resolve().parent.parent / "cli.py"))
_STARTING: Final = 60.0
_LOOKING: Final = 0.05
_STOPPING: Final = 10.0
#: Client certificate of an organisation, which the control API takes too.
_CLIENT: Final = "org-auth-cli"
_MOST: Final = 12
_PROFILES: Final = ("alimentation", "consultation", "creation")


def make_pki(folder: Path) -> Path:
    """A test PKI in `folder`. Raises ToolError."""
    made = subprocess.run(  # noqa: S603 - our own command
        [*_COMMAND, "pki", "init", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise _failed("pki init", made.stderr)
    return folder


@dataclass(frozen=True)
class Mock:
    """A mock that serves: its address, and the folder of certificates with which it is called."""

    url: str
    pki: Path

    @property
    def tls(self) -> TlsFiles | None:
        """Authority, certificate and key of an organisation; None in the clear."""
        if not self.url.startswith("https:"):
            return None
        return TlsFiles(self.pki / "ca.pem", self.pki / f"{_CLIENT}.pem", self.pki / f"{_CLIENT}.key")


@contextmanager
def served(pki: Path, place: Path, *, plain_http: bool = False) -> Iterator[Mock]:
    """A mock of our own, on a free port, until the end of the block; its data and log are in `place`.

    Raises ToolError when it does not start.
    """
    ready, log = place / "ready.json", place / "serve.log"
    options = ["--port", "0", "--pki", str(pki), "--data", str(place / "data"), "--ready-file", str(ready)]
    with (
        log.open("wb") as stream,
        subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, "serve", *options, *(["--plain-http"] if plain_http else [])],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        ) as process,
    ):
        try:
            yield Mock(_address(process, ready, log), pki)
        finally:
            process.terminate()
            try:
                process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
    end = time.monotonic() + _STARTING
    while not ready.is_file():
        if process.poll() is not None or time.monotonic() > end:
            raise _failed("serve", log.read_text(encoding="utf-8", errors="replace")[-2000:])
        time.sleep(_LOOKING)
    return str(json.loads(ready.read_text(encoding="utf-8"))["url"])


@dataclass(frozen=True)
class Session:
    """An isolated state of a mock, for one test. `url` is what the software under test is given as its DMP."""

    name: str
    mock: Mock
    control: Control = field(repr=False)
    lang: Lang = "fr"

    @property
    def url(self) -> str:
        return f"{self.mock.url}/s/{self.name}"

    @property
    def services(self) -> str:
        """Root of the SOAP services."""
        return f"{self.url}/si-dmp-server/v2/services"

    def patient(self, key: str) -> dict[str, Any]:
        """A patient of the session, by its key. Raises AssertionError when there is none."""
        found = next((one for one in self.control.patients(self.name) if one["key"] == key), None)
        if found is None:
            raise AssertionError(Text(f"patient inconnu : {key}", f"unknown patient: {key}").to(self.lang))
        return dict(found)

    def add_patient(self, record: Mapping[str, Any]) -> None:
        """Add or replace a patient; same shape as datasets/patients."""
        self.control.patient(self.name, record)

    def declare(self, number: str, software: str, version: str, profiles: Sequence[str] = _PROFILES) -> None:
        """Have the mock hold this software for homologated under that wire number."""
        products = [{"name": software, "versions": [version]}]
        self.control.declare_number(
            self.name,
            {
                "key": "test",
                "value": number,
                "family": software,
                "products": products,
                "profiles": list(profiles),
                "status": "active",
            },
        )

    def arm(self, fault: str, when: Mapping[str, Any] | None = None, **parameters: Any) -> Mapping[str, Any]:
        """Arm a fault of the catalogue: `arm("reset", {"transaction": "TD2.1"}, bytes=200)`."""
        return self.control.arm(self.name, {"fault": fault, "with": parameters, "when": dict(when or {})})

    def disarm(self) -> None:
        self.control.disarm(self.name)

    def clock(self, **change: Any) -> Mapping[str, Any]:
        """Turn the clock: `clock(set="2026-01-15T10:00:00Z", freeze=True)`, `clock(move=3600)`."""
        return self.control.clock(self.name, change)

    def set(self, **settings: Any) -> None:
        """Change switches of the mock."""
        self.control.set(self.name, settings)

    @property
    def journal(self) -> Received:
        return Received(self)


@contextmanager
def session_of(mock: Mock, name: str, lang: Lang = "fr") -> Iterator[Session]:
    """A session named after `name`, taken away at the end of the block."""
    kept = (
        "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name)
        .strip("-")[-40:]
        .strip("-")
    )
    whole = f"{kept or 'test'}-{secrets.token_hex(4)}"
    control = Control(mock.url, mock.tls)
    try:
        control.create(whole, {})
        try:
            yield Session(whole, mock, control, lang)
        finally:
            control.delete(whole)
    finally:
        control.close()


class Received:
    """What a session received, read from its journal each time it is asked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._registry = transactions.load()

    def frames(self) -> list[Seen]:
        """Every exchange with its bytes, oldest first."""
        source = MockJournal(self._session.control, self._session.name)
        found: list[Seen] = []
        while more := source.frames(found[-1].order if found else 0):
            found += more
        return found

    def assert_received(self, transaction: str, *, patient: str = "", count: int | None = None) -> list[Seen]:
        """The frames of that transaction, for that patient (key, or INS number) if one is named.

        Raises AssertionError, with what was received instead, when there is none, or not `count` of them.
        """
        __tracebackhide__ = True
        self._registry.by_id(transaction)  # a name that does not exist is a mistake of the test
        wanted = self._number(patient)
        frames = self.frames()
        found = [one for one in frames if self._is(one, transaction, wanted)]
        if (found and count is None) or len(found) == count:
            return found
        asked = transaction + (f" / {patient}" if patient else "") + ("" if count is None else f" × {count}")
        head = Text(
            f"attendu {asked}, reçu {len(found)} fois.", f"expected {asked}, received {len(found)} times."
        )
        raise AssertionError(
            "\n".join([head.to(self._session.lang), *self._instead(frames, transaction, wanted)])
        )

    def assert_not_received(self, transaction: str, *, patient: str = "") -> None:
        """Raises AssertionError when that was sent."""
        __tracebackhide__ = True
        self.assert_received(transaction, patient=patient, count=0)

    def assert_accepted(self) -> None:
        """Raises AssertionError when the platform refused something, with its reasons."""
        __tracebackhide__ = True
        refused = [
            f"{line['transaction'] or '?'}: {line['outcome']} {line['code']} {line['detail']}".strip()
            for line in self._session.control.exchanges(self._session.name)
            if line["outcome"] != "answered"
        ]
        if refused:
            head = Text("la plateforme a refusé :", "the platform refused:").to(self._session.lang)
            raise AssertionError("\n".join([head, *refused[:_MOST]]))

    def assert_conform(
        self, *only: str, ignore: Sequence[str] = (), software: str = "", version: str = ""
    ) -> list[Finding]:
        """Judge what was sent by the rules of the oracle (of these transactions only), but for those to `ignore`.

        `software` and `version` are compared with what messages say of their author. Returns the findings. Raises
        AssertionError with every breach, and when there was nothing to judge.
        """
        __tracebackhide__ = True
        declared = Declared(software=software, version=version)
        frames = [one for one in self.frames() if one.business and (not only or one.transaction in only)]
        lang = self._session.lang
        if not frames:
            raise AssertionError(
                Text("rien à juger : aucun appel reçu", "nothing to judge: no call").to(lang)
            )
        findings: list[tuple[str, Finding]] = []
        for one in frames:
            found = api.judge(
                one.exchange, self._registry.by_id(one.transaction), declared, sides=("request",)
            )
            findings += [(one.transaction, finding) for finding in found]
        together = api.judge_sequence([one.exchange for one in frames], declared)
        findings += [("", finding) for finding in together]
        kept = [(name, finding) for name, finding in findings if finding.rule not in ignore]
        breaches = [
            f"{name} {finding.rule} — {title(finding.rule).to(lang)} ({finding.where}): "
            f"{finding.found or '∅'} / {finding.expected}"
            for name, finding in kept
            if finding.status == "FAIL" and _severe(finding)
        ]
        if breaches:
            head = Text(f"{len(breaches)} écarts :", f"{len(breaches)} breaches:").to(lang)
            raise AssertionError("\n".join([head, *breaches[:_MOST]]))
        return [finding for _, finding in kept]

    def _is(self, seen: Seen, transaction: str, patient: str) -> bool:
        return seen.transaction == transaction and (not patient or patient in self._patients(seen))

    def _patients(self, seen: Seen) -> tuple[str, ...]:
        return patients(Frame(seen, self._registry)) if seen.business else ()

    def _number(self, patient: str) -> str:
        """INS number of a patient given by its key."""
        if not patient or patient[:1].isdigit():
            return patient
        return str(self._session.patient(patient)["ins"]["number"])

    def _instead(self, frames: Sequence[Seen], transaction: str, patient: str) -> Iterator[str]:
        """What was received, the nearest first: same transaction, then same patient."""
        lang = self._session.lang
        if not frames:
            yield Text(
                "Aucun appel dans la session : l'adresse de dmp_session.url est-elle bien employée ?",
                "No call in the session: is the address of dmp_session.url used?",
            ).to(lang)
            return
        told = [(one, self._patients(one)) for one in frames]
        told.sort(
            key=lambda pair: (pair[0].transaction != transaction, bool(patient) and patient not in pair[1])
        )
        yield Text("Reçu :", "Received:").to(lang)
        for one, numbers in told[:_MOST]:
            status = one.exchange.response.status if one.exchange.response else one.exchange.failure
            yield f"  {one.transaction or one.exchange.request.target} [{', '.join(numbers)}] HTTP {status}"


def _severe(finding: Finding) -> bool:
    return api.rule(finding.rule).default == "error"


def _failed(what: str, said: str) -> ToolError:
    return ToolError(
        "TEST-001",
        Text("le simulateur ne démarre pas", "the mock does not start"),
        field=f"dmpcompat {what}",
        found=said.strip(),
    )
