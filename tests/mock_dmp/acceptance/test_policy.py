"""Each refusal of the stages before business, one cause at a time, and their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from mock_dmp import journal, wire_rules
from mock_dmp.acceptance import policy
from mock_dmp.acceptance.gdp import GDP
from mock_dmp.acceptance.xds import rules as _rules  # noqa: F401 - registers the rules of submissions
from mock_dmp.acceptance.xds.filing import MESSAGE, REGISTRY
from mock_dmp.acceptance.xds.update_metadata import UPDATE_MESSAGE
from mock_dmp.acceptance.xds.updates import UPDATE
from mock_dmp.pki import PkiIndex
from mock_dmp.state import authorisations
from protocol import acceptance_rules, facts
from protocol.directory import Authorisation
from protocol.exchange import Tls
from tests.mock_dmp.builders import Lps, Who, authorisation, existence, ins, oid, signed, stamp, vihf
from tests.mock_dmp.submissions import Lot, find_documents, get_documents, retrieve

A = "actif-autorise"
ORG = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE")
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
RESOURCE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"

#: Rules that are judged where their subject is at hand rather than by a stage.
BY_NAME = ("HTTP-", "SOAP-", "HL7-", "WS-", "QUERY-", "RETRIEVE-", "WEBPS-", "PDQ-")


def test_every_function_has_data_and_every_rule_has_a_function() -> None:
    stages = (
        *(*policy.STAGES, GDP, MESSAGE, REGISTRY, UPDATE, UPDATE_MESSAGE),
        *(wire_rules.TRANSPORT, wire_rules.SOAP),
    )
    functions = {rule for stage in stages for rule in stage.ids}
    declared = set(acceptance_rules.rules())
    assert functions <= declared
    assert {rule for rule in declared - functions if not rule.startswith(BY_NAME)} == set()


@pytest.mark.parametrize(
    ("who", "code", "cause"),
    [
        (Who(attributes={"VIHF_Version": "2.0"}), "MockInvalidVihf", "VIHF_Version"),
        (Who(attributes={"Ressource_URN": "urn:autre"}), "MockInvalidVihf", "Ressource_URN"),
        (Who(attributes={"Identifiant_Structure": None}), "MockInvalidVihf", "Identifiant_Structure"),
        (Who(attributes={"LPS_Nom": None}), "MockInvalidVihf", "LPS_Nom"),
        (Who(access="bris_de_glace"), "MockInvalidVihf", "Mode_Acces_Raison"),
        (Who(access="autre"), "MockInvalidVihf", "JDV_J38"),
        (Who(issued=datetime.now(UTC) - timedelta(days=1)), "MockVihfExpired", "300 s avant"),
        (Who(issued=datetime.now(UTC) + timedelta(days=1)), "MockVihfExpired", "300 s après"),
        (Who(roles=1), "MockMissingSpecialty", "profession, puis spécialité"),
        (Who(professional="pharmacien", structure="pharmacie", roles=1), "MockMissingSpecialty", "(21)"),
        (Who(attributes={"Identifiant_Structure": "1999999999"}), "MockUnknownStructure", "inconnue"),
        (Who(structure="structure-inactive"), "MockUnknownStructure", "inactive"),
        (Who(structure="pharmacie"), "MockNotLinked", "rattaché"),
        (Who(attributes={RESOURCE: None}), "MockInvalidVihf", "resource-id"),
        (
            Who(attributes={RESOURCE: "280056399910182^^^&1.2.250.1.213.1.4.10&ISO^NH"}),
            "MockInvalidIns",
            "clé",
        ),
        (
            Who(attributes={RESOURCE: f"280056399910181^^^&{facts.OID_INS_NIR}&ISO^NH"}),
            "MockProductionIdentity",
            "INS de test",
        ),
        (Who(attributes={"LPS_ID_HOMOLOGATION_DMP": None}), "MockHomologationAbsent", "absent"),
        (Who(number="AUCUN"), "MockHomologationUnknown", "masqué"),
        (Who(number="test-ok-1"), "MockHomologationUnknown", "masqué"),
        (Who(number="TEST-OTHER-FAMILY"), "MockHomologationOtherFamily", "LPS_Nom"),
        (Who(number="TEST-SUSPENDED"), "MockHomologationSuspended", "suspendue"),
        (Who(number="TEST-REVOKED"), "MockHomologationRevoked", "retirée"),
        (replace(ORG), "MockVihfSignature", "signature en mode INDIRECTE"),
        (Who(mode="INDIRECTE_RENFORCEE"), "MockVihfSignature", "INDIRECTE_RENFORCEE"),
    ],
)
def test_one_cause_one_refusal(reader: Lps, who: Who, code: str, cause: str) -> None:
    answer = reader.send("TD0.2", existence(A), who.on(A) if RESOURCE not in who.attributes else who)
    assert answer.fault == code
    assert cause in answer.reason
    assert answer.status == 500


def test_numbers_never_show(reader: Lps) -> None:
    answer = reader.send("TD0.2", existence(A), Who(number="SECRET-123").on(A))
    assert answer.fault == "MockHomologationUnknown"
    assert "SECRET-123" not in etree.tostring(answer.payload).decode()


def test_no_assertion_and_two(reader: Lps) -> None:
    assert reader.send("TD0.2", existence(A), []).fault == "MockInvalidVihf"
    both = [vihf(Who().on(A)), vihf(Who().on(A))]
    answer = reader.send("TD0.2", existence(A), both)
    assert answer.fault == "MockInvalidVihf"
    assert "2 assertion(s)" in answer.reason


def test_conditions(reader: Lps) -> None:
    now = datetime.now(UTC)
    past = (stamp(now - timedelta(hours=2)), stamp(now - timedelta(hours=1)))
    assert reader.send("TD0.2", existence(A), Who(conditions=past).on(A)).fault == "MockVihfExpired"
    good = (stamp(now - timedelta(minutes=1)), stamp(now + timedelta(minutes=5)))
    assert reader.send("TD0.2", existence(A), Who(conditions=good).on(A)).fault == ""


def test_patient_of_the_body(reader: Lps) -> None:
    answer = reader.send("TD0.2", existence("ferme"), Who().on(A))
    assert answer.fault == "MockPatientMismatch"


def test_the_number_comes_before_rights(reader: Lps) -> None:
    blocked = Who(professional="medecin-bloque", number="TEST-REVOKED").on(A)
    assert reader.send("TD3.1", find_documents(A), blocked).fault == "MockHomologationRevoked"


@pytest.mark.parametrize(
    ("transaction", "who", "code"),
    [
        ("TD3.1", Who(professional="medecin-bloque").on(A), "MockBlocked"),
        (
            "TD3.1",
            Who(professional="medecin-bloque", access="bris_de_glace", reason="coma").on(A),
            "MockBlocked",
        ),
        ("TD3.1", Who().on("actif-sans-autorisation"), "MockNotAuthorized"),
        ("TD3.1", Who().on("actif-expire"), "MockNotAuthorized"),
        ("TD3.1", Who().on("actif-interdit"), "MockBlocked"),
        (
            "TD3.1",
            Who(access="bris_de_glace", reason="coma").on("opposition"),
            "DMPAccessDeniedByRightsService",
        ),
        ("TD3.1", Who(access="centre_15").on("opposition"), "DMPAccessDeniedByRightsService"),
        ("TD3.1", Who(access="bris_de_glace", reason="coma").on("actif-sans-autorisation"), ""),
        ("TD3.1", Who(access="centre_15").on("actif-sans-autorisation"), ""),
        ("TD3.1", Who().on("ferme"), "DMPClosed"),
        ("TD3.1", Who(professional="secretaire").on(A), "DMPAccessDeniedByRightsService"),
        ("TD0.3", Who(access="bris_de_glace", reason="coma").on(A), "MockWrongAccessMode"),
        ("TD0.3", Who(access="centre_15").on(A), "MockWrongAccessMode"),
        ("TD0.3", Who(professional="medecin-bloque").on(A), "MockBlocked"),
    ],
)
def test_rights(reader: Lps, transaction: str, who: Who, code: str) -> None:
    body = find_documents(who.patient) if transaction == "TD3.1" else authorisation()
    answer = reader.send(transaction, body, who)
    assert answer.fault == code
    if not code:
        assert answer.xds == "Success"


def test_a_blocked_caller_is_told_by_the_existence_test(reader: Lps) -> None:
    answer = reader.send("TD0.2", existence(A), Who(professional="medecin-bloque").on(A))
    assert answer.one("hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value/@code") == "INTERDIT"


def test_a_patient_without_dmp_in_the_services_of_documents(reader: Lps) -> None:
    answer = reader.send("TD3.1", find_documents("absent"), Who().on("absent"))
    assert answer.codes == ["XDSUnknownPatientId"]
    assert answer.status == 200
    answer = reader.send("TD0.3", authorisation(), Who().on("absent"))
    assert answer.one("hab:output/hab:status") == "MockPatientNotFound"


def test_a_closed_dmp_by_the_status_of_the_custom_service(reader: Lps) -> None:
    answer = reader.send("TD0.3", authorisation(), Who().on("ferme"))
    assert answer.one("hab:output/hab:status") == "DMPClosed"
    assert "fermé le" in answer.one("hab:output/hab:context")


def test_severities_are_settable(lps: Lps, change: Callable[..., None]) -> None:
    stale = Who(issued=datetime.now(UTC) - timedelta(days=1)).on(A)
    assert lps.send("TD0.2", existence(A), stale).fault == "MockVihfExpired"
    change(VIHF__FRESHNESS="warn")
    assert lps.send("TD0.2", existence(A), stale).fault == ""
    with lps.store.read() as db:
        last = journal.listing(db, "default")[-1]
    assert [item["rule"] for item in last["warnings"]] == ["VIHF-FRESHNESS"]
    change(VIHF__FRESHNESS="off")
    assert lps.send("TD0.2", existence(A), stale).fault == ""


def test_the_clock_of_the_session(lps: Lps, change: Callable[..., None]) -> None:
    change(clock_offset_seconds=-3600)
    assert lps.send("TD0.2", existence(A), Who().on(A)).fault == "MockVihfExpired"
    then = datetime.now(UTC) - timedelta(hours=1)
    assert lps.send("TD0.2", existence(A), Who(issued=then).on(A)).fault == ""


def test_profile_is_a_switch(lps: Lps, change: Callable[..., None]) -> None:
    who = Who(number="TEST-CONS-ONLY").on("alimentation")
    body, parts = Lot().build()
    assert lps.send("TD2.1", body, who, parts=parts).xds == "Success"
    change(HN__PROFILE="refuse")
    body, parts = Lot().build()
    answer = lps.send("TD2.1", body, who, parts=parts)
    assert answer.fault == "MockHomologationProfile"
    assert "alimentation" in answer.reason


def test_replay(lps: Lps, change: Callable[..., None]) -> None:
    once = vihf(Who().on(A))
    assert lps.send("TD0.2", existence(A), once).fault == ""
    assert lps.send("TD0.2", existence(A), once).fault == ""
    change(VIHF__REPLAY="refuse")
    assert lps.send("TD0.2", existence(A), once).fault == ""
    assert lps.send("TD0.2", existence(A), once).fault == "MockVihfReplayed"


def test_one_patient_is_asked_before_whether_that_patient_has_a_dmp(reader: Lps) -> None:
    who = Who().on("absent")
    body, parts = Lot(patient="absent").build()
    assert reader.send("TD2.1", body, who, parts=parts).codes == ["XDSUnknownPatientId"]
    body, parts = Lot().build()
    assert reader.send("TD2.1", body, who, parts=parts).codes == ["XDSPatientIdDoesNotMatch"]
    assert reader.send("TD3.1", find_documents("absent"), who).codes == ["XDSUnknownPatientId"]
    assert reader.send("TD3.1", find_documents(A), who).codes == ["XDSPatientIdDoesNotMatch"]


def test_unsigned_direct_is_a_switch(lps: Lps, change: Callable[..., None]) -> None:
    assert lps.send("TD0.2", existence(A), Who().on(A)).fault == ""
    change(VIHF__SIGNED__DIRECT="refuse")
    assert lps.send("TD0.2", existence(A), Who().on(A)).fault == "MockVihfSignature"


class TestSigned:
    """With the test PKI."""

    def vihf(self, pki: PkiIndex, name: str, who: Who = ORG) -> etree._Element:
        return signed(who.on(A), pki.certificate(name), pki.key(name))

    def test_organisation(self, trusting: Lps, test_pki: PkiIndex) -> None:
        answer = trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign"))
        assert answer.fault == ""
        assert answer.one("hl7:attentionLine[1]/hl7:value/@code") == "VALIDE"

    def test_card(self, trusting: Lps, test_pki: PkiIndex) -> None:
        assert trusting.send("TD0.2", existence(A), self.vihf(test_pki, "cps-sign", Who())).fault == ""

    @pytest.mark.parametrize(
        ("name", "cause"),
        [
            ("org-auth-cli", "pas un certificat de signature"),
            ("wrong-usage-org-sign", "pas un certificat de signature"),
            ("other-ca-org-sign", "autorité reconnue"),
            ("expired-org-sign", "valide du"),
            ("revoked-org-sign", "révoqué"),
        ],
    )
    def test_certificates_that_are_wrong(
        self, trusting: Lps, test_pki: PkiIndex, name: str, cause: str
    ) -> None:
        answer = trusting.send("TD0.2", existence(A), self.vihf(test_pki, name))
        assert answer.fault == "DMPInvalidCertificate"
        assert cause in answer.reason

    def test_altered_after_signature(self, trusting: Lps, test_pki: PkiIndex) -> None:
        assertion = self.vihf(test_pki, "org-sign")
        assertion.find(f".//{{{facts.SAML}}}NameID").text = "899990000111"
        answer = trusting.send("TD0.2", existence(A), assertion)
        assert answer.fault == "MockVihfSignature"

    def test_signature_removed(self, trusting: Lps, test_pki: PkiIndex) -> None:
        assertion = self.vihf(test_pki, "org-sign")
        assertion.remove(assertion.find(f"{{{facts.DS}}}Signature"))
        assert trusting.send("TD0.2", existence(A), assertion).fault == "MockVihfSignature"

    def test_wrapped(self, trusting: Lps, test_pki: PkiIndex) -> None:
        """A forged assertion that carries the genuine one inside."""
        genuine = self.vihf(test_pki, "org-sign")
        forged = vihf(ORG.on(A))
        forged.append(genuine)
        assert trusting.send("TD0.2", existence(A), forged).fault == "MockVihfSignature"

    def test_issuer_is_not_the_signer(self, trusting: Lps, test_pki: PkiIndex) -> None:
        other = replace(ORG, issuer="CN=AUTRE,O=AUTRE,C=FR")
        answer = trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign", other))
        assert answer.fault == "MockVihfSignature"
        assert "saml:Issuer" in answer.reason

    def test_structure_of_the_certificate(self, trusting: Lps, test_pki: PkiIndex) -> None:
        elsewhere = Who(professional="medecin", structure="cabinet", mode="INDIRECTE")
        answer = trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign", elsewhere))
        assert answer.fault == "MockStructureMismatch"

    def test_a_site_of_the_legal_entity(self, trusting: Lps, test_pki: PkiIndex) -> None:
        site = replace(ORG, structure="hopital-site")
        assert trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign", site)).fault == ""

    def test_tls_of_another_holder(self, trusting: Lps, test_pki: PkiIndex) -> None:
        assertion = self.vihf(test_pki, "org-sign")
        answer = trusting.send("TD0.2", existence(A), assertion, tls=_tls(test_pki, "cps-auth"))
        assert answer.fault == "MockCertificateMismatch"
        answer = trusting.send("TD0.2", existence(A), assertion, tls=_tls(test_pki, "org-auth-cli"))
        assert answer.fault == ""

    @pytest.mark.parametrize("mode", ["INDIRECTE", "INDIRECTE_RENFORCEE"])
    def test_a_card_does_not_speak_for_a_colleague(
        self, trusting: Lps, test_pki: PkiIndex, mode: str
    ) -> None:
        """A card names its structure in its OU, as the seal of an organisation does."""
        colleague = Who(professional="medecin-traitant", structure="cabinet", mode=mode)
        connection = _tls(test_pki, "cps-auth")
        signed_by_card = self.vihf(test_pki, "cps-sign", colleague)
        answer = trusting.send("TD0.2", existence(A), signed_by_card, tls=connection)
        assert answer.fault == "DMPInvalidCertificate"
        assert "celui d'une carte" in answer.reason

    def test_a_card_does_not_open_the_connection_of_an_organisation(
        self, lps: Lps, test_pki: PkiIndex, change: Callable[..., None]
    ) -> None:
        change(VIHF__SIGNED__INDIRECT="off")
        colleague = Who(professional="medecin-traitant", structure="cabinet", mode="INDIRECTE")
        answer = lps.send("TD0.2", existence(A), colleague.on(A), tls=_tls(test_pki, "cps-auth"))
        assert answer.fault == "MockCertificateMismatch"

    def test_name_of_another_card(self, trusting: Lps, test_pki: PkiIndex) -> None:
        other = Who(professional="medecin-traitant")
        answer = trusting.send("TD0.2", existence(A), self.vihf(test_pki, "cps-sign", other))
        assert answer.fault == "MockCertificateMismatch"
        unsigned = trusting.send("TD0.2", existence(A), other.on(A), tls=_tls(test_pki, "cps-auth"))
        assert unsigned.fault == "MockCertificateMismatch"

    @pytest.mark.parametrize(("mode", "age"), [("INDIRECTE", 100), ("INDIRECTE_RENFORCEE", 20)])
    def test_age_by_mode(self, trusting: Lps, test_pki: PkiIndex, mode: str, age: int) -> None:
        young = replace(ORG, mode=mode, issued=datetime.now(UTC) - timedelta(seconds=age))
        assert trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign", young)).fault == ""
        old = replace(young, issued=datetime.now(UTC) - timedelta(seconds=age * 4))
        assert (
            trusting.send("TD0.2", existence(A), self.vihf(test_pki, "org-sign", old)).fault
            == "MockVihfExpired"
        )

    def test_air_does_not_feed(self, trusting: Lps, test_pki: PkiIndex) -> None:
        body, parts = Lot().build()
        who = replace(ORG, mode="INDIRECTE_RENFORCEE").on("alimentation")
        assertion = signed(who, test_pki.certificate("org-sign"), test_pki.key("org-sign"))
        answer = trusting.send("TD2.1", body, assertion, parts=parts)
        assert answer.fault == "MockWrongAuthenticationMode"

    @pytest.mark.parametrize(
        ("transaction", "body"),
        [
            ("TD3.1", find_documents(A)),
            ("TD3.1", get_documents(oid(), returning="LeafClass")),
            ("TD3.2", retrieve(oid())),
            ("TD0.3", authorisation()),
        ],
    )
    def test_an_organisation_does_not_consult(
        self, trusting: Lps, test_pki: PkiIndex, transaction: str, body: etree._Element
    ) -> None:
        answer = trusting.send(transaction, body, self.vihf(test_pki, "org-sign"))
        assert answer.fault == "DMPAccessDeniedByRightsService"

    def test_an_organisation_looks_up_a_reference(self, trusting: Lps, test_pki: PkiIndex) -> None:
        answer = trusting.send("TD3.1", get_documents(oid()), self.vihf(test_pki, "org-sign"))
        assert answer.xds == "Success"


def test_authorisation_by_structure(lps: Lps) -> None:
    """A médecin traitant in direct mode is one by his own authorisation only."""
    now = datetime.now(UTC)
    given = Authorisation("", "cabinet", "valid", True, now, now + timedelta(days=1))
    with lps.store.write() as db:
        authorisations.save(db, "default", "actif-sans-autorisation", given, at=now)
    who = Who().on("actif-sans-autorisation")
    assert lps.send("TD3.1", find_documents(who.patient), who).fault == "MockNotAuthorized"
    assert ins(who.patient)


def _tls(pki: PkiIndex, name: str) -> Tls:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())
    return Tls("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", certificate.public_bytes(Encoding.DER))
