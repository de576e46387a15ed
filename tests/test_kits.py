"""Real input: every official sample document travels over the wire and comes back byte for byte.

The documents belong to their publisher and are read where the user keeps them (DMPCOMPAT_KITS); metadata are
derived from their headers. A sample that names a patient of the production domain, or an INS whose key is wrong,
is fed for a synthetic patient instead: the mock refuses real identities.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness.checks import api
from harness.drive import metadata
from harness.files.judge import Asked, judge_file
from harness.packs import registry as packs
from harness.packs.registry import Pack
from protocol import safexml
from protocol.errors import IdentifierError
from protocol.exchange import header
from protocol.facts import OID_INS_TEST
from protocol.identifiers.ins import parse_ins
from protocol.mime import read_multipart

ROOT = Path(__file__).resolve().parent.parent
KITS = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits")
SAMPLES = sorted((KITS / "ans-cda" / "ExemplesCDA").glob("*.xml"))
each_sample = pytest.mark.parametrize(
    "sample",
    SAMPLES
    or [
        pytest.param(None, marks=pytest.mark.skip(f"official artefacts not found in {KITS} (DMPCOMPAT_KITS)"))
    ],
    ids=lambda path: path.stem if path else "absent",
)
pytestmark = pytest.mark.kits


def patient_of(data: bytes) -> str:
    """The CX of the document's patient when a test platform may hold it, else a synthetic patient."""
    number, oid = metadata.derive(data).patient
    try:
        return str(parse_ins(number, oid).number) if oid == OID_INS_TEST else ""
    except IdentifierError:
        return ""


def seeded(one: Any, number: str) -> str:
    """Give the session a patient of that number, with an open DMP."""
    if not number:
        return "alimentation"
    one.control.patient(
        one.session,
        {
            "key": "echantillon",
            "ins": {"number": number, "oid": OID_INS_TEST},
            "family_birth": "PAT-TROIS",
            "given": ["DOMINIQUE"],
            "sex": "F",
            "birth_date": "1979-03-28",
            "birth_place": {"insee": "35238", "label": "RENNES"},
            "dmp": {"status": "active"},
        },
    )
    return f"{number}^^^&{OID_INS_TEST}&ISO^NH"


@each_sample
def test_a_sample_comes_back_byte_for_byte(editor: Callable[..., Any], sample: Path) -> None:
    one = editor()
    data = sample.read_bytes()
    patient = seeded(one, patient_of(data))
    assert one.call("TD0.3", {"patient": patient, "action": "AJOUT"}).codes == {"DMPOk"}
    unique_id = metadata.derive(data).unique_id

    fed = one.call("TD2.1", {"patient": patient, "documents": [{"cda": data}]})
    assert fed.status.endswith("Success"), fed.said

    found = one.call("TD3.1", {"patient": patient, "query": "FindDocuments"})
    assert unique_id in found.envelope.xpath("//*[local-name()='ExternalIdentifier']/@value")

    read = one.call("TD3.2", {"patient": patient, "unique_ids": [unique_id]})
    answer = read.exchange.response
    with read_multipart(io.BytesIO(answer.body), header(answer.headers, "Content-Type")) as message:
        assert [part.sha256 for part in message.parts] == [hashlib.sha256(data).hexdigest()]


@each_sample
def test_our_rules_refuse_no_official_sample(sample: Path) -> None:
    findings = api.with_severity(api.judge_document(sample.read_bytes(), sample.name))
    assert [item for item in findings if item.status in ("FAIL", "ERROR")] == []


@each_sample
def test_the_pack_says_what_the_official_schema_says(sample: Path, official: Any, pack: Pack) -> None:
    data = sample.read_bytes()
    expected = official.validate(safexml.parse(data, huge=True))
    judged = judge_file(sample, Asked(pack=pack))
    statuses = {finding.status for finding in judged.findings if finding.rule == "CDA-XSD"}
    assert statuses == ({"PASS"} if expected else {"FAIL"})


@each_sample
def test_a_document_that_the_official_schema_refuses_is_refused_by_the_pack(
    sample: Path, official: Any, pack: Pack, tmp_path: Path
) -> None:
    root = safexml.parse(sample.read_bytes(), huge=True)
    header = metadata.clinical_document(root)
    header.remove(safexml.xpath(header, "hl7:recordTarget")[0])
    broken = tmp_path / "broken.xml"
    broken.write_bytes(safexml.serialize(root))
    assert not official.validate(root)
    judged = judge_file(broken, Asked(pack=pack, explain=True))
    assert [finding for finding in judged.findings if finding.rule == "CDA-XSD" and finding.status == "FAIL"]


@pytest.fixture(scope="module")
def official(kits: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(kits / "ans-cda" / "infrastructure" / "cda" / "CDA_extended.xsd"))


@pytest.fixture(scope="module")
def pack(kits: Path) -> Pack:
    return packs.add(kits / "ans-cda", "ans-test")
