"""Anyone can talk to it: two SOAP libraries of different languages load the WSDL of every service and call it.

zeep (Python) and node-soap (JavaScript) make the bodies from the WSDL and its schemas; the security header comes
from the driver. node-soap is skipped where Node.js or the package is absent (`npm install` in tests/interop).
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
import zeep
from lxml import etree

from protocol import facts, safexml
from tests.conftest import Editor

SERVICES = "/si-dmp-server/v2/services/"
SCRIPT = Path(__file__).resolve().parent / "interop" / "call.cjs"

Tree = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One operation: `like` is the transaction whose headers the driver makes; keys `@x` of `body` are attributes."""

    service: str
    operation: str
    like: str
    body: Tree
    found: Callable[[Any], str]
    expected: str
    actor: str = "cps"
    params: Tree = field(default_factory=dict)
    settings: Tree = field(default_factory=dict)


def at(*path: str | int) -> Callable[[Any], str]:
    """A value inside the result of either library: attributes are under `attributes` for one of them."""

    def look(result: Any) -> str:
        for step in path:
            if isinstance(step, int):
                result = result[step] if isinstance(result, list) else result
            elif step == "output" and step not in result:
                continue  # unwrapped: it was the only child
            elif isinstance(result, dict) and step not in result:
                result = result["attributes"][step]
            else:
                result = result[step]
        return str(result)

    return look


def opening(interaction: str) -> Tree:
    device = {"@classCode": "DEV", "@determinerCode": "INSTANCE"}
    return {
        "@ITSVersion": "XML_1.0",
        "id": {"@root": "2.25.1", "@extension": "9a1c5f0e"},
        "creationTime": {"@value": "20260131083000"},
        "interactionId": {"@root": facts.OID_INTERACTIONS, "@extension": interaction},
        "processingCode": {"@code": "D"},
        "processingModeCode": {"@code": "T"},
        "acceptAckCode": {"@code": "AL"},
        "receiver": {"@typeCode": "RCV", "device": {**device, "id": {"@root": facts.OID_DMP}}},
        "sender": {"@typeCode": "SND", "device": {**device, "id": {"@root": "2.25.1"}}},
    }


def act(**content: Any) -> Tree:
    return {"@classCode": "CACT", "@moodCode": "EVN", **content}


INS = "280056399910181"
QUERY_ID = {"@root": "2.25.1", "@extension": "q1"}
EXISTENCE = {
    **opening("PRPA_IN201307UV02"),
    "controlActProcess": act(
        reasonCode={"@code": "TEST_EXST", "@codeSystem": facts.OID_REASONS},
        queryByParameter={
            "queryId": QUERY_ID,
            "statusCode": {"@code": "new"},
            "parameterList": {
                "patientIdentifier": {
                    "value": {"@root": facts.OID_INS_TEST, "@extension": INS},
                    "semanticsText": "Patient.id",
                }
            },
        },
    ),
}
SEARCH = {
    **opening("PRPA_IN201305UV02"),
    "controlActProcess": act(
        code={"@code": "PRPA_TE201305UV02", "@codeSystem": facts.OID_INTERACTIONS},
        queryByParameter={
            "queryId": QUERY_ID,
            "statusCode": {"@code": "new"},
            "parameterList": {
                "livingSubjectName": {
                    "value": {"*": [{"given": "MARIE"}, {"family": "AUTORISEE"}]},
                    "semanticsText": "LivingSubject.name",
                }
            },
        },
    ),
}
PATIENT_ID = f"'{INS}^^^&{facts.OID_INS_TEST}&ISO^NH'"
STORED_QUERY = {
    "ResponseOption": {"@returnComposedObjects": "true", "@returnType": "LeafClass"},
    "AdhocQuery": {
        "@id": facts.Q_FIND_DOCUMENTS,
        "Slot": [
            {"@name": "$XDSDocumentEntryPatientId", "ValueList": {"Value": [PATIENT_ID]}},
            {"@name": "$XDSDocumentEntryStatus", "ValueList": {"Value": [f"('{facts.APPROVED}')"]}},
        ],
    },
}  # fmt: skip
JOBS = (
    Job("patients", "PRPA_IN201307UV02", "TD0.2", EXISTENCE,
        at("controlActProcess", "queryAck", "queryResponseCode", "code"), "OK"),
    Job("patientsPDQ", "PRPA_IN201305UV02", "TD0.5", SEARCH,
        at("controlActProcess", "queryAck", "queryResponseCode", "code"), "OK",
        params={"access": "centre_15", "family": "AUTORISEE"}),
    Job("patientsSpecific", "patientList", "TD0.4",
        {"startDate": "20260101000000", "dateType": "LASTAUTORIZATION"}, at("output", "status"), "DMPOk"),
    Job("habilitations", "setAuthorization", "TD0.3", {"action": "AJOUT"}, at("output", "status"), "DMPOk"),
    Job("patientCertif", "identityCertification", "TD0.0",
        {"nirOD": INS, "dateNaissance": "1980-05-14", "rangNaissance": 1, "nirIndividu": INS},
        at("output", "status"), "DMPOk", settings={"td0_0_open": True},
        params={"insured": INS, "birth": "1980-05-14"}),
    Job("registry", "AdhocQueryRequest", "TD3.1", STORED_QUERY, at("status"), facts.SUCCESS,
        params={"query": "FindDocuments"}),
)  # fmt: skip


class Client(Protocol):
    """One library: gives back the result of the operation, and the binary parts that came with it."""

    def __call__(
        self, editor: Editor, job: Job, headers: list[etree._Element]
    ) -> tuple[Any, list[bytes]]: ...


def by_zeep(editor: Editor, job: Job, headers: list[etree._Element]) -> tuple[Any, list[bytes]]:
    pair = editor.keyring.identity(job.actor)
    with requests.Session() as http:
        http.trust_env = False
        http.verify, http.cert = str(pair.ca_file), (str(pair.tls.certificate_file), str(pair.tls.key_file))
        loaded = zeep.Client(
            f"{editor.url}{SERVICES}{job.service}?wsdl", transport=zeep.Transport(session=http)
        )
        security = [header for header in headers if etree.QName(header).namespace == facts.WSSE]
        answer = loaded.service[job.operation](**plain(job.body), _soapheaders=security)  # it adds addressing
    if hasattr(answer, "attachments"):
        parts = [part.content for part in answer.attachments]
        return zeep.helpers.serialize_object(answer.root, dict), parts
    return zeep.helpers.serialize_object(answer, dict), []


def by_node(editor: Editor, job: Job, headers: list[etree._Element]) -> tuple[Any, list[bytes]]:
    pair = editor.keyring.identity(job.actor)
    told = {
        "wsdl": f"{editor.url}{SERVICES}{job.service}?wsdl",
        "operation": job.operation,
        "headers": [etree.tostring(header, encoding="unicode") for header in headers],
        "args": attributed(job.body),
        "ca": str(pair.ca_file),
        "cert": str(pair.tls.certificate_file),
        "key": str(pair.tls.key_file),
    }
    done = subprocess.run(
        [node(), str(SCRIPT)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["result"], [base64.b64decode(part) for part in answer["parts"]]


def plain(tree: Any) -> Any:
    """For zeep, attributes are fields like others; a choice that repeats (`*`) is a list under a name of its own."""
    if isinstance(tree, dict):
        return {"_value_1" if name == "*" else name.lstrip("@"): plain(value) for name, value in tree.items()}
    return [plain(item) for item in tree] if isinstance(tree, list) else tree


def attributed(tree: Any) -> Any:
    """For node-soap, attributes are under a key of their own, and a choice that repeats is its elements."""
    if isinstance(tree, dict):
        tree = {**tree, **{name: value for part in tree.get("*", ()) for name, value in part.items()}}
        tree.pop("*", None)
        inner = {name: attributed(value) for name, value in tree.items() if not name.startswith("@")}
        attributes = {name[1:]: value for name, value in tree.items() if name.startswith("@")}
        return {**({"attributes": attributes} if attributes else {}), **inner}
    return [attributed(item) for item in tree] if isinstance(tree, list) else tree


@cache
def node() -> str:
    """The interpreter. Skips where it, or the package, is absent."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is absent")
    if not (SCRIPT.parent / "node_modules" / "soap").is_dir():
        pytest.skip("node-soap is absent: npm install in tests/interop")
    return found


@pytest.fixture(params=["zeep", "node"])
def client(request: pytest.FixtureRequest) -> Client:
    if request.param == "node":
        node()
        return by_node
    return by_zeep


def headers_of(editor: Editor, job: Job) -> list[etree._Element]:
    """The VIHF and the addressing headers that the driver makes for that transaction."""
    patient = {} if job.like in ("TD0.4", "TD0.5") else {"patient": "actif-autorise"}
    message = editor.make(job.like, {**patient, **job.params}, job.actor)
    root = safexml.parse(message.body if message.body.startswith(b"<") else envelope_of(message.body))
    return list(safexml.xpath(root, "/soap:Envelope/soap:Header/*"))


def envelope_of(multipart: bytes) -> bytes:
    return multipart[multipart.index(b"<?xml") : multipart.index(b"Envelope>\r\n--") + 9]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.service)
def test_an_operation_of_each_service(editor: Callable[..., Editor], client: Client, job: Job) -> None:
    made = editor(settings=job.settings)
    result, _ = client(made, job, headers_of(made, job))
    assert job.found(result) == job.expected


def test_a_document_is_retrieved(editor: Callable[..., Editor], client: Client) -> None:
    """The answer is MTOM: the library resolves the part."""
    made = editor()
    fed = made.call("TD2.1", {"patient": "actif-autorise", "documents": [{"level1": {}, "title": "Lu"}]})
    assert fed.status == facts.SUCCESS
    unique_id = next(one["unique_id"] for one in made.documents() if one["title"] == "Lu")
    asked = {"RepositoryUniqueId": facts.OID_REPOSITORY, "DocumentUniqueId": unique_id}
    job = Job(
        "repository",
        "RetrieveDocumentSetRequest",
        "TD3.2",
        {"DocumentRequest": [asked]},
        at("RegistryResponse", "status"),
        facts.SUCCESS,
        params={"documents": [{"unique_id": unique_id}]},
    )
    result, parts = client(made, job, headers_of(made, job))
    assert job.found(result) == job.expected
    inline = at("DocumentResponse", 0, "Document")(result).encode()
    assert any(b"<ClinicalDocument" in part for part in (*parts, inline))


def test_the_documents_that_a_search_finds_are_read(editor: Callable[..., Editor], client: Client) -> None:
    made = editor()
    fed = made.call("TD2.1", {"patient": "actif-autorise", "documents": [{"level1": {}, "title": "Trouvé"}]})
    assert fed.status == facts.SUCCESS
    job = next(job for job in JOBS if job.service == "registry")
    result, _ = client(made, job, headers_of(made, job))
    assert at("totalResultCount")(result) == "1"


def test_a_refusal_is_an_ordinary_fault(editor: Callable[..., Editor]) -> None:
    made = editor()
    job = next(job for job in JOBS if job.service == "habilitations")
    headers = headers_of(made, job)
    safexml.xpath(headers[-1].getroottree().getroot(), "//saml:Subject/saml:NameID")[0].text = "899990000129"
    with pytest.raises(zeep.exceptions.Fault) as caught:
        by_zeep(made, job, headers)
    assert [name.localname for name in caught.value.subcodes] == ["MockVihfSignature"]
