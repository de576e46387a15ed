"""The campaign: what is tested, against what, with which credentials; errors are coded and placed (CAMP-0xx).

It reads the file, resolves `env:NAME` references and relative paths, and loads the plan it pins. Whether
files and hosts are usable is `harness.preflight`; which cases apply is `harness.scope`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from harness.declaring import Family, check_declared
from harness.masking import SHORTEST
from harness.packs.pinned import chosen
from harness.packs.registry import Pack
from harness.plan import Authentication, LoadedPlan, load_plan
from harness.problems import Problems
from harness.vocabulary import Vocabulary
from harness.wording import Model, Words
from protocol.datafolders import folder
from protocol.errors import PlanError, Text, ToolError, UsageError
from protocol.patientrecord import Patient, read_patient
from protocol.regularfile import is_there
from protocol.strictdata import Fields
from protocol.yamlread import parse_yaml, read_yaml

_ENV = "env:"


class Software(Model):
    """The product. `name` and `version` are LPS_Nom and LPS_Version; `number` may be `env:NAME`."""

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(min_length=1, max_length=200)
    number: str = Field(
        min_length=1, description="LPS_ID_HOMOLOGATION_DMP, or env:NAME to keep it out of the file"
    )
    technical_version: str = ""
    oid_root: str = Field(default="", pattern=r"^([0-2](\.(0|[1-9][0-9]*))+)?$")
    nil: str = Field(default="", max_length=40, description="Numéro d'Identification Logiciel")
    os: str = Field(default="", max_length=200, description="system on which it was tested")


class Vendor(Model):
    """The editor of the product."""

    name: str = Field(min_length=1)
    siret: str = Field(default="", pattern=r"^(\d{14})?$")
    contact: str = ""


class Executor(Model):
    """Who plays the tests; a person's name is not needed, a function does."""

    name: str = Field(default="", max_length=200)
    organisation: str = Field(default="", max_length=200)


class PlanReference(Model):
    """The plan that the campaign runs: a file beside it or shipped with the product, pinned by digest or
    not.
    """

    file: str = Field(min_length=1)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class PackReference(Model):
    """The official pack that documents are judged by too: a name of `dmpcompat pack list`, pinned by digest or not."""

    name: str = Field(min_length=1)
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class Target(Model):
    """The platform. `mock`: its control API isolates each case in a session of its own; `platform`: any
    other.
    """

    kind: Literal["mock", "platform"] = "mock"
    url: str = Field(
        default="", description="scheme, host and port; may be given on the command line instead"
    )


class Connector(Model):
    """The connector (EAI, engine) that the software embeds, as its report names it."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)


class ConnectorHomologation(Model):
    """The homologation of a connector, as its authority gave it out: verified offline, and in force on that day."""

    bundle: str = Field(min_length=1, description="the bundle (.dmpbundle)")
    trust: str = Field(min_length=1, description="trust file of the authority")
    status: str = Field(min_length=1, description="its signed status list")
    log_key: str = Field(default="", description="key of the register's log, when the trust file has none")


class Inherits(Model):
    """The signed report of a connector whose proofs this software inherits, pinned by the digest of its statement."""

    report: str = Field(
        min_length=1, description="folder of the connector's run or its bag: rapport/, preuves/"
    )
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of rapport/statement.dsse.json")
    connector: Connector
    trust: str = Field(default="", description="trust file of its issuer; else that of this installation")
    status: str = Field(
        default="", description="signed status list of its issuer; needed for official reports"
    )
    homologation: ConnectorHomologation | None = Field(
        default=None, description="the decision on that report, when the connector is homologated"
    )
    otherwise: Literal["stop", "play"] = Field(
        default="stop", description="when it proves nothing: stop the run, or play its cases"
    )


class NotApplicable(Model):
    """A case that does not apply to this product, with the reason a reviewer will read."""

    case: str = Field(min_length=1)
    reason: Words


class CampaignFile(Model):
    """What a campaign file holds."""

    schema_: Literal["dmpcompat-campaign/1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    title: Words
    software: Software
    vendor: Vendor
    profiles: list[str] = Field(min_length=1)
    authentication: list[Authentication] = Field(min_length=1)
    transactions: list[str] = Field(default=[], description="narrows the transactions of the profiles")
    options: list[str] = Field(default=[], description="see datasets/campaign/options.yaml")
    guide: str = Field(default="", description="edition of the guide that applies; the latest by default")
    family: Family | None = None
    plan: PlanReference
    pack: PackReference | None = Field(
        default=None, description="official pack applied to documents too; none by default"
    )
    executor: Executor = Executor()
    target: Target = Target()
    pki: str = Field(default="", description="folder of certificates and keys; may be env:NAME")
    datasets: list[str] = Field(
        default=[],
        description="files of patients (shape of datasets/patients); a known key replaces that patient",
    )
    not_applicable: list[NotApplicable] = Field(default=[])
    inherits: list[Inherits] = Field(default=[])
    deviations: str = Field(
        default="", description="file of known deviations, relative to the campaign (see harness.deviations)"
    )
    lang: Literal["fr", "en"] = "fr"


@dataclass(frozen=True)
class Campaign:
    """A campaign ready to run. `number` is the resolved wire number, secret; `url` is "" when none was given;
    `patients` are those of its own data sets; `pack` is there once `judged_by` has found it.
    """

    file: CampaignFile
    path: Path
    raw: bytes
    sha256: str
    plan: LoadedPlan
    number: str = field(repr=False)
    url: str
    pki: Path | None
    patients: Mapping[str, Patient] = field(default_factory=dict)
    pack: Pack | None = None

    def at(self, *, url: str | None = None, pki: Path | None = None) -> Campaign:
        """The same campaign aimed at another address, or with another folder of certificates.

        Raises UsageError for what is no address.
        """
        if url and not is_address(url):
            raise UsageError(
                "RUN-006",
                Text("l'adresse n'est pas une URL http(s)", "the address is no http(s) URL"),
                field="--target",
                found=url,
                expected="https://127.0.0.1:8443",
            )
        return replace(self, url=(url or self.url).rstrip("/"), pki=pki or self.pki)

    def judged_by(self, name: str | None = None) -> Campaign:
        """The same campaign with its official pack, or that of another name; as it is when there is none.

        Raises UsageError (PACK-004), ConfigError (PACK-005 to PACK-007).
        """
        said = self.file.pack
        if name is None and said is None:
            return self
        pinned = said.sha256 if said is not None and name in (None, said.name) else ""
        return replace(self, pack=chosen(name or (said.name if said else ""), pinned))

    @property
    def host(self) -> str:
        """Host name of the target in lower case, "" when there is none."""
        return (urlsplit(self.url).hostname or "").lower()


def load_campaign(
    path: Path, names: Vocabulary | None = None, environ: Mapping[str, str] | None = None
) -> Campaign:
    """Read, check and resolve a campaign and its plan. Raises PlanError (InvalidFile) with every mistake
    found.
    """
    read_yaml(path, error=PlanError)  # size and readability, with its own codes
    raw = path.read_bytes()
    document = parse_yaml(raw, str(path), error=PlanError)
    problems = Problems(document, "CAMP")
    try:
        read = CampaignFile.model_validate(document.data)
    except ValidationError as error:
        problems.from_pydantic(error, CampaignFile)
        problems.raise_if_any()
        raise
    known = names or Vocabulary.of_installation()
    _check_names(read, known, problems)
    env = os.environ if environ is None else environ
    number = _resolved(read.software.number, ("software", "number"), env, problems)
    if number and len(number) < SHORTEST:
        problems.add(
            "022",
            Text("numéro trop court pour être masqué", "number too short to be masked"),
            ("software", "number"),
            expected=f">= {SHORTEST}",
        )
    pki = _resolved(read.pki, ("pki",), env, problems)
    patients = _patients(read, path)
    known = replace(known, patients=known.patients | patients.keys())
    plan = _plan(read, path, known, problems)
    _check_exclusions(read, plan, problems)
    problems.raise_if_any()
    if plan is None:  # said above: a missing plan is a problem, and problems were raised
        raise ToolError("CAMP-099", Text("plan perdu", "plan lost"))
    return Campaign(
        file=read,
        path=path,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        plan=plan,
        number=number,
        url=read.target.url.rstrip("/"),
        pki=(path.parent / pki) if pki else None,
        patients=patients,
    )


def _check_names(read: CampaignFile, names: Vocabulary, problems: Problems) -> None:
    for index, profile in enumerate(read.profiles):
        if profile not in names.profiles:
            problems.unknown("012", Text("profil", "profile"), ("profiles", index), profile, names.profiles)
    for index, transaction in enumerate(read.transactions):
        if transaction not in names.transactions:
            problems.unknown(
                "010",
                Text("transaction", "transaction"),
                ("transactions", index),
                transaction,
                names.transactions,
            )
    software = (read.software.name, read.software.version)
    check_declared(read.options, read.guide, read.family, software, problems)
    if read.target.url and not is_address(read.target.url):
        problems.add(
            "020",
            Text(
                "l'adresse de la cible n'est pas une URL http(s)",
                "the address of the target is no http(s) URL",
            ),
            ("target", "url"),
            found=read.target.url,
            expected="https://127.0.0.1:8443",
        )


def is_address(url: str) -> bool:
    """Whether it is an http(s) URL with a host and, when it names one, a port that exists."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _resolved(value: str, at: tuple[str, ...], env: Mapping[str, str], problems: Problems) -> str:
    if not value.startswith(_ENV):
        return value
    name = value.removeprefix(_ENV)
    if not env.get(name):
        problems.add(
            "021",
            Text("variable d'environnement absente ou vide", "environment variable missing or empty"),
            at,
            found=name,
            mend=Text(
                f"exporter {name} avant de lancer la campagne", f"export {name} before running the campaign"
            ),
        )
    return env.get(name, "")


def _patients(read: CampaignFile, path: Path) -> dict[str, Patient]:
    """Patients of the campaign's own files. Raises PlanError, which names the file and the field."""
    found: dict[str, Patient] = {}
    for name in read.datasets:
        document = read_yaml(path.parent / name, error=PlanError)
        fields = Fields(document.data, document, error=PlanError)
        found |= {item.key: item for item in fields.each("patients", read_patient, empty=False)}
    return found


def _plan(read: CampaignFile, path: Path, names: Vocabulary, problems: Problems) -> LoadedPlan | None:
    beside = path.parent / read.plan.file
    shipped = folder("test_plans") / read.plan.file
    found = beside if is_there(beside) else shipped if is_there(shipped) else None
    if found is None:
        available = [item.name for item in folder("test_plans").glob("*.yaml")]
        problems.unknown(
            "030", Text("plan de test", "test plan"), ("plan", "file"), read.plan.file, available
        )
        return None
    plan = load_plan(found, names)
    if read.plan.sha256 and read.plan.sha256 != plan.sha256:
        problems.add(
            "031",
            Text(
                "le plan n'est pas celui que la campagne fige",
                "the plan is not the one that the campaign pins",
            ),
            ("plan", "sha256"),
            found=plan.sha256,
            expected=read.plan.sha256,
            mend=Text(
                "relire le plan, puis mettre à jour l'empreinte", "review the plan, then update the digest"
            ),
        )
    return plan


def _check_exclusions(read: CampaignFile, plan: LoadedPlan | None, problems: Problems) -> None:
    if plan is None:
        return
    codes = {case.code for case in plan.plan.cases}
    for index, item in enumerate(read.not_applicable):
        if item.case not in codes:
            problems.unknown(
                "032", Text("cas de test", "test case"), ("not_applicable", index, "case"), item.case, codes
            )
