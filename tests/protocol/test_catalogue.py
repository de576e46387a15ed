from __future__ import annotations

import pytest

from protocol.catalogue import ErrorEntry, entries, error
from protocol.errors import ToolError


@pytest.mark.parametrize("entry", entries().values(), ids=lambda one: one.code)
def test_an_entry_says_the_cause_in_both_languages(entry: ErrorEntry) -> None:
    assert entry.text.fr.endswith(".") and entry.text.en.endswith(".")
    assert entry.text.fr != entry.text.en
    assert "{" not in entry.text.fr + entry.text.en
    assert entry.code.startswith("Mock") != entry.official
    assert entry.http_status in {200, 403, 404, 405, 413, 415, 500}


RELIED_ON = """
    DMPOk DMPFound DMPClosed DMPInvalidCertificate DMPAccessDeniedByRightsService MockInvalidVihf MockVihfExpired
    MockVihfReplayed MockVihfSignature MockMissingSpecialty MockUnknownStructure MockNotLinked
    MockStructureMismatch MockPatientMismatch MockProductionIdentity MockHomologationAbsent
    MockHomologationUnknown MockHomologationOtherFamily MockHomologationSuspended MockHomologationRevoked
    MockHomologationProfile MockHomologationTemporary MockNotAuthorized MockWrongAccessMode MockBlocked
    MockUnsupportedMediaType
    MockMalformedMessage MockMessageTooLarge MockPatientNotFound XDSNonIdenticalHash XDSUnknownStoredQuery
    XDSDocumentUniqueIdError XDSDuplicateUniqueIdInRegistry LocalPolicyRestrictionError
"""


def test_the_codes_that_others_rely_on() -> None:
    assert set(RELIED_ON.split()) <= set(entries())


def test_a_fault_of_the_sender_answers_500_like_the_national_server() -> None:
    assert (error("DMPInvalidCertificate").soap_code, error("DMPInvalidCertificate").http_status) == (
        "Sender",
        500,
    )


def test_codes_of_soap_itself_have_no_subcode() -> None:
    assert error("soap:MustUnderstand").subcode == ""
    assert error("soap:VersionMismatch").soap_code == "VersionMismatch"
    assert error("wsa:ActionNotSupported").subcode == "wsa:ActionNotSupported"
    assert error("DMPInvalidCertificate").subcode == "DMPInvalidCertificate"


def test_warnings_are_marked() -> None:
    assert error("XDSExtraMetadataNotSaved").severity == "warning"
    assert error("XDSRegistryError").severity == "error"


def test_an_unknown_code_suggests_the_nearest() -> None:
    with pytest.raises(ToolError) as caught:
        error("XDSNonIdenticalHahs")
    assert (caught.value.code, caught.value.expected) == ("ERR-001", "XDSNonIdenticalHash")
