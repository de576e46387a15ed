"""The probe of `doctor --probe`: one TD0.2 with the campaign's identity and number, judged by our rules.

Opt-in, since it is a business call. It tells in a second what a whole run would tell later: VIHF, number, certificates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from harness.campaign import Campaign
from harness.checks import api
from harness.checks.judged import Declared
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.plan import Case
from harness.preflight.item import Item
from harness.steps.drive import DriveStep
from harness.vocabulary import MODES
from protocol import directory, safexml, transactions
from protocol.errors import DmpcompatError, Text, WireError
from protocol.exchange import Exchange

PROBE: Final = "TD0.2"
_GROUPS: Final = ("A-TLS", "A-SOAP", "A-VIHF", "A-NUM", "A-INS", "PDQ", "HL7V3")
_ACTORS: Final = {"direct": "cps", "indirect": "hopital", "air": "air"}


def probe(campaign: Campaign, cases: Iterable[Case], patient: str = "") -> Iterator[Item]:
    """Build, send, judge. `patient`: key of a patient; by default the first of the campaign's, else a shipped one."""
    if campaign.pki is None:
        return
    actor = _actor(campaign, cases)
    chosen = patient or next(iter(campaign.patients), "actif-autorise")
    subject = campaign.patients.get(chosen) or directory.patients().get(chosen)
    software = campaign.file.software
    try:
        identity = Keyring(campaign.pki).identity(actor)
        lps = Lps(software.name, software.version, campaign.number)
        message = build(
            PROBE, {"patient": subject or chosen}, identity, lps, clock=SystemClock(), ids=RandomIds()
        )
        tls = tls_of(identity) if campaign.url.startswith("https:") else None
        exchange = send(message, campaign.url, tls)
    except DmpcompatError as problem:
        text = Text(f"la sonde n'a pas pu être faite : {problem.text.fr}", f"no probe: {problem.text.en}")
        yield Item("PRE-PROBE", "KO", PROBE, text, found=problem.found, mend=problem.mend)
        return
    yield _answer(exchange, actor)
    yield from _judged(campaign, exchange)


def _actor(campaign: Campaign, cases: Iterable[Case]) -> str:
    """Whoever opens the first case with the certificates as they are; else whoever has the first mode."""
    for case in cases:
        for step in case.steps:
            if isinstance(step, DriveStep) and not (
                step.as_.tls or step.as_.sign or step.as_.mode or step.alter
            ):
                return step.as_.name
    return _ACTORS.get(str(campaign.file.authentication[0]), "cps")


def _answer(exchange: Exchange, actor: str) -> Item:
    """What came back, and the words of the platform when it refuses."""
    subject = f"{PROBE} ({actor})"
    if exchange.response is None:
        return Item(
            "PRE-PROBE",
            "KO",
            subject,
            Text("aucune réponse à la sonde", "no answer to the probe"),
            found=exchange.failure,
            mend=Text("voir les feux de connexion", "see the lights of the connection"),
        )
    status, fault = exchange.response.status, _fault(exchange.response.body)
    if status == 200 and not fault:
        return Item(
            "PRE-PROBE",
            "OK",
            subject,
            Text("la plateforme accepte la sonde", "the platform accepts the probe"),
        )
    return Item(
        "PRE-PROBE",
        "KO",
        subject,
        Text("la plateforme refuse la sonde", "the platform refuses the probe"),
        found=f"HTTP {status} {fault}".strip(),
        mend=Text(
            "les mots de la plateforme disent quoi : docs/your-lps.md, refus courants",
            "the words of the platform say what: docs/your-lps.md, common refusals",
        ),
    )


def _fault(body: bytes) -> str:
    try:
        root = safexml.parse(body)
    except WireError:
        return body[:200].decode("utf-8", "replace")
    code = safexml.value(root, "//soap:Fault/soap:Code/soap:Subcode/soap:Value") or safexml.value(
        root, "//soap:Fault/soap:Code/soap:Value"
    )
    return f"{code} {safexml.value(root, '//soap:Fault/soap:Reason/soap:Text')}".strip()


def _judged(campaign: Campaign, exchange: Exchange) -> Iterator[Item]:
    """Each broken rule is a light of its own; none, one green light that tells how many rules looked."""
    software = campaign.file.software
    declared = Declared(
        software=software.name,
        version=software.version,
        wire_number=campaign.number,
        modes=tuple(MODES[mode] for mode in campaign.file.authentication),
    )
    transaction = transactions.load().by_id(PROBE)
    found = api.judge(exchange, transaction, declared, sides=("request",), only=_known_groups())
    weighed = api.with_severity(found, campaign.plan.plan.severity)
    looked = len({finding.rule for finding in weighed if finding.status == "PASS"})
    bad = [finding for finding in weighed if finding.status in ("FAIL", "WARN", "ERROR", "AMBIGUOUS")]
    for finding in bad:
        rule = api.rule(finding.rule)
        yield Item(
            "PRE-PROBE-RULE",
            "KO" if finding.status == "FAIL" else "WARN",
            finding.rule,
            rule.title,
            found=finding.found,
            expected=finding.expected,
            mend=rule.mend,
        )
    if not bad:
        text = Text(
            f"VIHF et enveloppe : {looked} règles respectées", f"VIHF and envelope: {looked} rules kept"
        )
        yield Item("PRE-PROBE-RULE", "OK", PROBE, text)


def _known_groups() -> tuple[str, ...]:
    return tuple(name for name in _GROUPS if name in api.groups())
