"""The verdicts of the official Schematrons of a pack, a rule a layer, told apart from our own rules.

Vacuous without a pack, where the pack has no such layer, and where no rule of the layer fired. What could not be run
is ERROR, never a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.checks.cda_view import CdaView, LayerFailure, LayerSaid
from harness.checks.rule import Finding, Status, check_document
from harness.checks.xpath import told
from protocol.errors import DmpcompatError, Text

_GROUP: Final = "CDA-OFFICIAL"
_MEND: Final = Text(
    "corriger le nœud indiqué ; le message est celui du Schematron officiel",
    "mend that node; the words are those of the official Schematron",
)
_ROLES: Final[dict[str, Status]] = {"warning": "WARN", "warn": "WARN", "info": "INFO", "information": "INFO"}
NOTHING_FIRED: Final = "aucune règle jouée / no rule fired"
#: The header's contexts all start from this; another typeId makes them match nothing.
_TYPE_ID: Final = ("2.16.840.1.113883.1.3", "POCD_HD000040")


@check_document(
    "CDA-SM",
    group=_GROUP,
    clause="Schematron officiel de la structuration minimale (en-tête) du paquet enregistré",
    title=Text("L'en-tête satisfait le Schematron officiel", "The header satisfies the official Schematron"),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def header(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "SM")


@check_document(
    "CDA-IHE",
    group=_GROUP,
    clause="Schematron officiel IHE.sch du paquet enregistré",
    title=Text(
        "Le corps satisfait le Schematron des profils internationaux",
        "The body satisfies the Schematron of the international profiles",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def ihe(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "IHE")


@check_document(
    "CDA-XDS-SD",
    group=_GROUP,
    clause="Schematron officiel IHE_XDS-SD.sch du paquet enregistré (disposition 2-41)",
    title=Text(
        "Le document satisfait le Schematron des documents numérisés",
        "The document satisfies the Schematron of scanned documents",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def scanned(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "XDS-SD")


@check_document(
    "CDA-MDC",
    group=_GROUP,
    clause="Schematron officiel CI-SIS_ModelesDeContenusCDA.sch du paquet enregistré",
    title=Text(
        "Le corps satisfait le Schematron des modèles de contenus",
        "The body satisfies the Schematron of the content models",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def models(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "MDC")


@check_document(
    "CDA-ANS",
    group=_GROUP,
    clause="Schematron officiel CI-SIS_Modeles_ANS.sch du paquet enregistré",
    title=Text(
        "Le corps satisfait le Schematron des modèles français",
        "The body satisfies the Schematron of the French models",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def french(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "ANS")


@check_document(
    "CDA-TERM",
    group=_GROUP,
    clause="Schematron officiel terminologie.sch du paquet enregistré",
    title=Text(
        "Les codes existent dans les terminologies du paquet",
        "The codes exist in the terminologies of the pack",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def terminology(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "TERM")


@check_document(
    "CDA-VOLET",
    group=_GROUP,
    clause="Schematron officiel du volet, choisi par les modèles du document dans le paquet enregistré",
    title=Text(
        "Le document satisfait le Schematron de son volet",
        "The document satisfies the Schematron of its volet",
    ),
    mend=_MEND,
    requirements=("EX_2.1-1071",),
)
def volet(view: CdaView) -> Iterator[Finding]:
    yield from _says(view, "VOLET")


def _says(view: CdaView, layer: str) -> Iterator[Finding]:
    if view.pack is None or view.outer is None or view.root is None:
        return
    place = view.at(view.outer)
    try:
        said = view.pack.layer(layer, view.outer)
    except DmpcompatError as problem:
        # The kit's fault or the engine's, never the document's.
        yield Finding("", "ERROR", place, told(problem), view.pack.label)
        return
    source = " — ".join(filter(None, (said.schematron, said.chosen, view.pack.label)))
    if not said.schematron:
        yield Finding("", "VACUOUS", place, said.trouble, source)
        return
    yield from (_failure(view, one, source) for one in said.failures)
    yield from (Finding("", "ERROR", place, f"non joué / not run: {one}", source) for one in said.not_run)
    if not said.fired:
        yield Finding("", "VACUOUS", place, NOTHING_FIRED, source)
    elif not said.failures and not said.not_run:
        yield Finding("", "PASS", place, _fired(said), source)
    if layer == "SM" and said.silent:
        yield from _silenced(view)


def _failure(view: CdaView, failure: LayerFailure, source: str) -> Finding:
    status = _ROLES.get(failure.role.lower(), "FAIL")
    line = f" (l. {failure.line})" if failure.line else ""
    return Finding("", status, f"{view.name}:{failure.path}{line}", failure.text, source)


def _fired(said: LayerSaid) -> str:
    return f"{said.fired} règles jouées / rules fired ({said.engine})"


def _silenced(view: CdaView) -> Iterator[Finding]:
    """The typeId that makes every rule of the header match nothing: no failure then means nothing."""
    found = view.nodes("hl7:typeId")
    told_ids = [(item.get("root", ""), item.get("extension", "")) for item in found]
    if _TYPE_ID not in told_ids:
        shown = " | ".join(f"{root} / {extension}" for root, extension in told_ids) or "typeId absent"
        place = view.at(found[0] if found else view.root)
        yield Finding("", "WARN", place, f"{shown} : en-tête muet / header silent", " / ".join(_TYPE_ID))
