"""Rules of TD3.2 (ITI-43): what is asked for, and what comes back for it."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.forms import is_media, is_oid
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, failed, passed, verdict
from harness.checks.xpath import nodes, string
from protocol import facts
from protocol.errors import Text

XDS = "XDS-RETRIEVE"
ON = ("TD3.2",)
REPOSITORIES = (facts.OID_REPOSITORY, "1.2.250.1.213.4.1.1.1.4")


def _pairs(elements: list[etree._Element]) -> list[tuple[str, str]]:
    return [
        (string(item, "xds:RepositoryUniqueId"), string(item, "xds:DocumentUniqueId")) for item in elements
    ]


def _asked(view: Judged) -> list[etree._Element]:
    return view.request.in_payload("self::xds:RetrieveDocumentSetRequest/xds:DocumentRequest")


def _given(view: Judged) -> list[etree._Element]:
    return view.in_payload("self::xds:RetrieveDocumentSetResponse/xds:DocumentResponse")


@check(
    "RETRIEVE-REQUEST",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.43 ; interface DMP, consultation : uniqueId OID, pas l'entryUUID",
    title=Text(
        "Chaque document est demandé par dépôt et uniqueId",
        "Each document is asked by repository and uniqueId",
    ),
    mend=Text(
        "prendre repositoryUniqueId et uniqueId dans la fiche",
        "take repositoryUniqueId and uniqueId of the entry",
    ),
)
def request(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    asked = _asked(view)
    yield verdict(len(asked) > 0, view.at(view.payload), f"{len(asked)} DocumentRequest", "≥ 1")
    for item, (repository, document) in zip(asked, _pairs(asked), strict=True):
        yield verdict(is_oid(repository), view.at(item) + "/xds:RepositoryUniqueId", repository, "OID")
        yield verdict(is_oid(document), view.at(item) + "/xds:DocumentUniqueId", document, "OID")


@check(
    "RETRIEVE-REPOSITORY",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document : dépôts des documents et de l'historique vaccinal",
    title=Text("Le dépôt demandé est un dépôt du DMP", "The repository asked for is one of the DMP's"),
    mend=Text("prendre repositoryUniqueId dans la fiche", "take repositoryUniqueId of the entry"),
    confidence="B",
    default="warning",
)
def repository(view: Judged) -> Iterator[Finding]:
    for item, (found, _) in zip(_asked(view), _pairs(_asked(view)), strict=True):
        yield verdict(
            found in REPOSITORIES, view.at(item) + "/xds:RepositoryUniqueId", found, " | ".join(REPOSITORIES)
        )


@check(
    "RETRIEVE-ONCE",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.43",
    title=Text("Aucun document n'est demandé deux fois", "No document is asked for twice"),
    mend=Text("retirer la demande en double", "remove the duplicate request"),
    confidence="C",
    default="warning",
)
def once(view: Judged) -> Iterator[Finding]:
    pairs = _pairs(_asked(view))
    for item, pair in zip(_asked(view), pairs, strict=True):
        yield verdict(pairs.count(pair) == 1, view.at(item), f"{pairs.count(pair)} × {pair[1]}", "1")


@check(
    "RETRIEVE-DOCUMENTS",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.43.5",
    title=Text(
        "La réponse ne porte que des documents demandés", "The answer carries only documents asked for"
    ),
    mend=Text("ne rendre que les documents demandés, une fois", "return only the documents asked for, once"),
)
def documents(view: Judged) -> Iterator[Finding]:
    asked = _pairs(_asked(view))
    pairs = _pairs(_given(view))
    for item, pair in zip(_given(view), pairs, strict=True):
        good = pair in asked and pairs.count(pair) == 1
        yield verdict(good, view.at(item), "^".join(pair), " | ".join("^".join(one) for one in asked))


@check(
    "RETRIEVE-CONTENT",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.43.5 : mimeType et Document",
    title=Text(
        "Chaque document rendu a son type MIME et ses octets", "Each document comes with its type and bytes"
    ),
    mend=Text("mimeType et Document avec ses octets", "mimeType and Document with its bytes"),
)
def content(view: Judged) -> Iterator[Finding]:
    for item in _given(view):
        media = string(item, "xds:mimeType")
        yield verdict(is_media(media), view.at(item) + "/xds:mimeType", media, "type/subtype")
        for element in nodes(item, "xds:Document"):
            data = view.binary(element)
            yield (
                failed(view.at(element), "", "octets / bytes")
                if data is None
                else passed(view.at(element), f"{len(data)} o / B")
            )
        if not nodes(item, "xds:Document"):
            yield failed(view.at(item), "", "xds:Document")


@check(
    "RETRIEVE-STATUS",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.43.4.2 : Success, PartialSuccess, Failure",
    title=Text(
        "Le statut dit si tous les documents, certains ou aucun sont rendus",
        "The status tells whether all, some or none of the documents came",
    ),
    mend=Text(
        "Success, PartialSuccess ou Failure selon ce qui est rendu",
        "Success, PartialSuccess or Failure by what is returned",
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("self::xds:RetrieveDocumentSetResponse/rs:RegistryResponse"):
        asked, given = set(_pairs(_asked(view))), set(_pairs(_given(view)))
        expected = facts.SUCCESS if given >= asked else facts.PARTIAL_SUCCESS if given else facts.FAILURE
        found = string(item, "@status")
        yield verdict(found == expected, view.at(item) + "/@status", found, expected)
