"""What an authority looks up is read from the bytes, of good messages and of bad ones alike."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.campaign import load_campaign
from harness.evidence.facts import conditions, environment
from harness.evidence.identifiers import of_frame, together, trace
from protocol.datafolders import folder
from protocol.exchange import Exchange, Request, Response
from protocol.facts import DE_UNIQUE_ID, SS_UNIQUE_ID

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BODY = f"""--b\r\n\r\n<e><w:MessageID>urn:uuid:1</w:MessageID>
<r:ExternalIdentifier id="x" value="2.25.7" identificationScheme="{DE_UNIQUE_ID}"/>
<ExternalIdentifier identificationScheme='{SS_UNIQUE_ID}' value='2.25.8'/>
<ExternalIdentifier identificationScheme="urn:uuid:other" value="2.25.9"/>
<v>280056399910181^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH</v>
<id extension="no" root="1.2"/><unclosed>""".encode()
ANSWER = b"""<a:RelatesTo>urn:uuid:1</a:RelatesTo><a:MessageID>urn:uuid:2</a:MessageID>
<x:DocumentUniqueId> 2.25.6 </x:DocumentUniqueId>
<id root="1.2.250.1.213.1.4.2" extension="1999900000000000000101"/>"""


def exchange(body: bytes, answer: bytes | None) -> Exchange:
    response = None if answer is None else Response(200, (), answer)
    return Exchange("x-1", "driver", "s-1", NOW, NOW, Request("POST", "/", (), body), response)


def test_identifiers_of_a_frame() -> None:
    assert of_frame(exchange(BODY, ANSWER)) == {
        "documents": ["2.25.6", "2.25.7"],
        "sets": ["2.25.8"],
        "patients": [
            "1999900000000000000101^^^&1.2.250.1.213.1.4.2&ISO",
            "280056399910181^^^&1.2.250.1.213.1.4.10&ISO",
        ],
    }
    assert of_frame(exchange(b"\xff\xfe", None)) == {}


def test_trace_of_a_frame() -> None:
    assert trace(exchange(BODY, ANSWER)) == {
        "exchange": "x-1",
        "session": "s-1",
        "sent_MessageID": "urn:uuid:1",
        "answered_MessageID": "urn:uuid:2",
        "answered_RelatesTo": "urn:uuid:1",
    }
    assert trace(exchange(b"", None)) == {"exchange": "x-1", "session": "s-1"}


def test_those_of_a_case_are_put_together() -> None:
    frames = [{"identifiers": {"sets": ["b"]}}, {"identifiers": {"sets": ["a", "b"], "documents": ["c"]}}, {}]
    assert together(frames) == {"documents": ["c"], "sets": ["a", "b"]}


def test_the_conditions_of_a_case_are_told() -> None:
    campaign = load_campaign(folder("test_plans") / "campagne-demo.yaml").at(url="https://127.0.0.1:1")
    told = conditions(campaign.plan.case("CT-2.1-010"), campaign)
    assert set(told) == {"executor", "environment", "dmp_state"}
    assert told["environment"] == environment(campaign)
    assert told["environment"]["target"] == {"kind": "mock", "url": "https://127.0.0.1:1"}
    [patient] = told["dmp_state"]["patients"]
    assert (patient["key"], patient["dmp"], patient["ins"].endswith("ISO")) == (
        "alimentation",
        "active",
        True,
    )
