"""Stage vihf: one assertion in the security header, whole, of a version and for a resource that we serve."""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.demand import VIHF, Demand
from mock_dmp.acceptance.engine import Breach, breach_of
from protocol import codes, facts
from protocol.errors import Text, VihfError
from protocol.vihf import Vihf, read_vihf

_VERSIONS = ("3.0", "4.0")
_GLASS = "bris_de_glace"


@VIHF.rule("VIHF-PRESENT")
def present(demand: Demand) -> Iterator[Breach]:
    """The security header carries an assertion."""
    envelope = demand.call.message.envelope
    if not envelope.assertions:
        yield Breach(
            "soap:Header/wsse:Security",
            "aucune assertion" if envelope.security else "en-tête absent",
            "un saml:Assertion",
        )


@VIHF.rule("VIHF-SINGLE")
def single(demand: Demand) -> Iterator[Breach]:
    """One header, one assertion: with two, somebody must choose."""
    envelope = demand.call.message.envelope
    if len(envelope.assertions) > 1 or len(envelope.security) > 1:
        yield Breach(
            "soap:Header/wsse:Security",
            f"{len(envelope.security)} en-tête(s), {len(envelope.assertions)} assertion(s)",
            "un en-tête et une assertion",
        )


@VIHF.rule("VIHF-STRUCTURE")
def structure(demand: Demand) -> Iterator[Breach]:
    """Also sets the VIHF as told; the signature stage replaces it by what was signed."""
    demand.assertion = next(iter(demand.call.message.envelope.assertions), None)
    if demand.assertion is None:
        return
    try:
        demand.told = read_vihf(demand.assertion)
    except VihfError as problem:
        yield breach_of(problem)
        return
    yield from _saml(demand.told)


def _saml(vihf: Vihf) -> Iterator[Breach]:
    if vihf.version != "2.0":
        yield Breach("saml:Assertion/@Version", vihf.version, "2.0")
    if vihf.mode not in ("DIRECTE", "") and not vihf.subject_id:
        yield Breach(
            "attribut subject-id", "absent", "le nom de l'utilisateur, obligatoire en mode indirect et AIR"
        )
    for name in ("lps_name", "lps_version"):
        if not getattr(vihf, name):
            yield Breach(_ATTRIBUTES[name], "absent", "le nom et la version du logiciel (EX_GEN-1180)")


_ATTRIBUTES = {"lps_name": "attribut LPS_Nom", "lps_version": "attribut LPS_Version"}


@VIHF.rule("VIHF-VERSION")
def version(demand: Demand) -> Iterator[Breach]:
    """VIHF 3.0 (DMP v2) or 4.0 (ANS since 2024)."""
    if demand.told is not None and demand.vihf.vihf_version not in _VERSIONS:
        yield Breach("attribut VIHF_Version", demand.vihf.vihf_version, " ou ".join(_VERSIONS))


@VIHF.rule("VIHF-RESOURCE-URN")
def resource_urn(demand: Demand) -> Iterator[Breach]:
    """The assertion is for the DMP."""
    if demand.told is not None and demand.vihf.resource_urn != "urn:dmp":
        yield Breach("attribut Ressource_URN", demand.vihf.resource_urn or "absent", "urn:dmp")


@VIHF.rule("VIHF-ACCESS-MODE")
def access_mode(demand: Demand) -> Iterator[Breach]:
    """Purpose of use in JDV_J38; breaking the glass has a reason."""
    if demand.told is None or demand.vihf.purpose is None:
        return
    purpose = demand.vihf.purpose
    if not codes.value_set("JDV_J38").contains(purpose.code, purpose.system or facts.OID_ACCESS_MODES):
        yield Breach("attribut purposeofuse", str(purpose), "normal, bris_de_glace ou centre_15 (JDV_J38)")
    if purpose.code == _GLASS and not demand.vihf.reason:
        yield Breach(
            "attribut Mode_Acces_Raison",
            "absent",
            "la raison de l'accès",
            text=Text("un bris de glace doit être motivé", "breaking the glass needs a reason"),
        )
