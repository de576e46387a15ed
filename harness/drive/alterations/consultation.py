"""Defects of searches (TD3.1), retrievals (TD3.2), existence tests (TD0.2) and authorisations (TD0.3)."""

from __future__ import annotations

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol import safexml

_QUERY, _RETRIEVE = ("TD3.1",), ("TD3.2",)


@alteration(
    "unknown-stored-query",
    stage="payload",
    fr="requête enregistrée inconnue",
    en="unknown stored query",
    on=_QUERY,
)
def unknown_query(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "rim:AdhocQuery").set("id", f"urn:uuid:{draft.ids.uuid()}")


@alteration(
    "missing-query-parameter",
    stage="payload",
    fr="paramètre obligatoire de la requête absent",
    en="required parameter of the query missing",
    on=_QUERY,
)
def missing_parameter(draft: Draft) -> None:
    # The status is required in every Find query; elsewhere the only parameter is.
    query = pick.first(draft.tree("payload"), "rim:AdhocQuery")
    status = safexml.xpath(query, "rim:Slot[contains(@name, 'Status')]")
    pick.drop(status[0] if status else pick.first(query, "rim:Slot"))


@alteration(
    "unquoted-parameter",
    stage="payload",
    fr="valeur de paramètre sans apostrophes",
    en="value of a parameter without quotes",
    on=_QUERY,
)
def unquoted(draft: Draft) -> None:
    value = pick.first(draft.tree("payload"), "rim:AdhocQuery/rim:Slot/rim:ValueList/rim:Value")
    value.text = (value.text or "").replace("'", "")


@alteration(
    "patient-in-parentheses",
    stage="payload",
    fr="identifiant du patient entre parenthèses dans la requête",
    en="identifier of the patient in parentheses in the query",
    on=_QUERY,
)
def parentheses(draft: Draft) -> None:
    value = pick.first(
        draft.tree("payload"), "rim:AdhocQuery/rim:Slot[contains(@name, 'atientId')]/rim:ValueList/rim:Value"
    )
    value.text = f"({value.text})"


@alteration(
    "several-values-for-one",
    stage="payload",
    fr="deux valeurs pour un paramètre qui n'en prend qu'une",
    en="two values for a parameter that takes one",
    on=_QUERY,
)
def several(draft: Draft) -> None:
    value = pick.first(
        draft.tree("payload"), "rim:AdhocQuery/rim:Slot[contains(@name, 'atientId')]/rim:ValueList/rim:Value"
    )
    value.text = f"({value.text},{value.text})"


@alteration(
    "unknown-return-type",
    stage="payload",
    fr="returnType inconnu",
    en="unknown returnType",
    on=_QUERY,
)
def unknown_return(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "query:ResponseOption").set("returnType", "Everything")


@alteration(
    "status-not-urn",
    stage="payload",
    fr="statut écrit « Approved » au lieu de son URN",
    en="status written Approved instead of its URN",
    on=_QUERY,
)
def short_status(draft: Draft) -> None:
    path = "rim:AdhocQuery/rim:Slot[contains(@name, 'Status')]/rim:ValueList/rim:Value"
    pick.first(draft.tree("payload"), path).text = "('Approved')"


@alteration(
    "entry-uuid-as-unique-id",
    stage="payload",
    fr="entryUUID à la place de l'uniqueId",
    en="entryUUID in the place of the uniqueId",
    on=_RETRIEVE,
)
def entry_uuid(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//xds:DocumentUniqueId").text = f"urn:uuid:{draft.ids.uuid()}"


@alteration(
    "unknown-document", stage="payload", fr="document inexistant", en="non-existing document", on=_RETRIEVE
)
def unknown_document(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//xds:DocumentUniqueId").text = draft.ids.oid()


@alteration(
    "unknown-repository", stage="payload", fr="entrepôt inconnu", en="unknown repository", on=_RETRIEVE
)
def unknown_repository(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//xds:RepositoryUniqueId").text = draft.ids.oid()


@alteration(
    "no-document-request",
    stage="payload",
    fr="demande de documents vide",
    en="request for no document",
    on=_RETRIEVE,
)
def no_request(draft: Draft) -> None:
    for node in list(draft.tree("payload")):
        pick.drop(node)


@alteration(
    "unknown-reason",
    stage="payload",
    fr="motif de la demande inconnu",
    en="unknown reason of the request",
    on=("TD0.2", "TD1.1", "TD1.2", "TD1.3a", "TD1.3b", "TD1.4"),
)
def unknown_reason(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//hl7:reasonCode").set("code", "CURIOSITE")


@alteration(
    "no-patient-identifier",
    stage="payload",
    fr="test d'existence sans identifiant de patient",
    en="existence test without a patient identifier",
    on=("TD0.2", "TD1.3a"),
)
def no_identifier(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), ".//hl7:patientIdentifier"))


@alteration(
    "unknown-authorisation-action",
    stage="payload",
    fr="action d'habilitation hors de l'énumération",
    en="authorisation action out of its enumeration",
    on=("TD0.3",),
)
def unknown_action(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "hab:action").text = "PEUT_ETRE"


@alteration(
    "no-authorisation-action",
    stage="payload",
    fr="habilitation sans action",
    en="authorisation without an action",
    on=("TD0.3",),
)
def no_action(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), "hab:action"))


@alteration(
    "unknown-authorisation-role",
    stage="params",
    fr="rôle d'habilitation hors de l'énumération",
    en="authorisation role out of its enumeration",
    on=("TD0.3",),
)
def unknown_role(draft: Draft) -> None:
    draft.params["role"] = "VOISIN"
