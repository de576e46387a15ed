"""Mutations of the custom services: authorisations, lists of patients, internet account, identity certification."""

from __future__ import annotations

from typing import Final

from harness.mutate.edits import add, drop, each, put, rename, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ANSWER: Final = "answer"
_HAB: Final = ("TD0.3",)
_LIST: Final = ("TD0.4",)
_RIGHTS: Final = ("TD1.6",)
_ACCOUNT: Final = ("TD1.5a", "TD1.5b", "TD1.5c", "TD1.5d")
_HELD: Final = ("TD1.5a", "TD1.5d")
_CALL: Final = "/soap:Envelope/soap:Body/pat:*"

mutator("hab-action-unknown", over=REQUEST, on=_HAB, breaks="HAB-ACTION")(
    put("//hab:setAuthorization/hab:action", "AJOUTER")
)
mutator("hab-action-gone", over=REQUEST, on=_HAB, breaks="HAB-CONTENT")(
    drop("//hab:setAuthorization/hab:action")
)
mutator("hab-role-unknown", over=REQUEST, on=_HAB, breaks="HAB-ROLE")(
    add("//hab:setAuthorization", "<hab:role>CHEF</hab:role>")
)
mutator("hab-unknown-element", over=REQUEST, on=_HAB, breaks=("HAB-CONTENT", "XSD-SERVICES"))(
    add("//hab:setAuthorization", "<hab:more>x</hab:more>")
)
mutator("hab-break-glass", over=REQUEST, on=_HAB, breaks="HAB-ACCESS-MODE")(
    put("//hl7:PurposeOfUse/@code", "bris_de_glace")
)
mutator("hab-answer-mute", over=ANSWER, on=_HAB, breaks="HAB-STATUS")(put("//hab:output/hab:status", ""))
mutator("hab-answer-status-gone", over=ANSWER, on=_HAB, breaks="HAB-STATUS")(drop("//hab:output/hab:status"))
mutator("hab-answer-refusal-mute", over=ANSWER, on=_HAB, breaks="HAB-STATUS")(
    each(put("//hab:output/hab:status", "DMPKo"), drop("//hab:output/hab:context"))
)
mutator("hab-answer-renamed", over=ANSWER, on=_HAB, breaks=("HAB-STATUS", "XSD-SERVICES"))(
    rename("//hab:output/hab:status", "state")
)

mutator("list-field-unknown", over=REQUEST, on=_LIST, breaks="LIST-CONTENT")(
    add("//pat:patientList", "<pat:more>x</pat:more>")
)
mutator("list-date-odd", over=REQUEST, on=_LIST, breaks="LIST-START-DATE")(
    put("//pat:startDate", "2026-01-01")
)
mutator("list-date-future", over=REQUEST, on=_LIST, breaks="LIST-START-DATE")(
    put("//pat:startDate", "29990101000000")
)
mutator("list-type-unknown", over=REQUEST, on=_LIST, breaks="LIST-DATE-TYPE")(put("//pat:dateType", "LAST"))
mutator("list-type-gone", over=REQUEST, on=_LIST, breaks="LIST-DATE-TYPE")(drop("//pat:dateType"))
mutator("list-owner-odd", over=REQUEST, on=_LIST, breaks="LIST-OWNER")(
    add("//pat:patientList", "<pat:psOwnerId>1</pat:psOwnerId>")
)
mutator("list-answer-mute", over=ANSWER, on=_LIST, breaks="LIST-STATUS")(drop("//pat:output/pat:status"))
mutator("list-answer-no-ins", over=ANSWER, on=_LIST, breaks="LIST-IDENTIFIERS")(
    drop("//pat:patientIdentifier[pat:nationalIdType='1.2.250.1.213.1.4.10']")
)
mutator("list-answer-key", over=ANSWER, on=_LIST, breaks="LIST-IDENTIFIERS")(
    put(
        "//pat:patientIdentifier[pat:nationalIdType='1.2.250.1.213.1.4.10']/pat:nationalId", "280056399910100"
    )
)
mutator("list-answer-nameless", over=ANSWER, on=_LIST, breaks="LIST-TRAITS")(
    put("//pat:patientlistData/pat:lastName", "")
)
mutator("list-answer-birth", over=ANSWER, on=_LIST, breaks="LIST-TRAITS")(
    put("//pat:patientlistData/pat:dateOfBirth", "14/05/1980")
)
mutator("list-answer-date-odd", over=ANSWER, on=_LIST, breaks="LIST-DATES")(
    put("//pat:patientlistData/pat:lastUpdateDate", "hier")
)
mutator("list-answer-too-old", over=ANSWER, on=_LIST, breaks="LIST-SINCE")(
    put("//pat:patientlistData/pat:lastAddDate", "20000101000000")
)
mutator("list-answer-twice", over=ANSWER, on=_LIST, breaks="LIST-ONCE")(twin("//pat:patientlistData"))

mutator("rights-field-unknown", over=REQUEST, on=_RIGHTS, breaks="AUTH-LIST-CONTENT")(
    add("/soap:Envelope/soap:Body/*", "<hab:more>x</hab:more>")
)
mutator("rights-break-glass", over=REQUEST, on=_RIGHTS, breaks="AUTH-LIST-ACCESS-MODE")(
    put("//hl7:PurposeOfUse/@code", "bris_de_glace")
)
_ROW: Final = "//hab:listOfAuthorizationByPatient"
mutator("rights-answer-mute", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-STATUS")(drop("//hab:status"))
mutator("rights-answer-holder", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-HOLDER")(
    put(f"{_ROW}/hab:nationalIdType", "1.2.3")
)
mutator("rights-answer-nobody", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-HOLDER")(
    drop(f"{_ROW}/hab:nationalId")
)
mutator("rights-answer-speciality", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-SPECIALITY")(
    put(f"{_ROW}/hab:codeSpeciality", "")
)
mutator("rights-answer-date", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-DATES")(
    put(f"{_ROW}/hab:startOfAuthorization", "hier")
)
mutator("rights-answer-mode", over=ANSWER, on=_RIGHTS, breaks="AUTH-LIST-MODE")(
    put(f"{_ROW}/hab:mode", "OUVERTE")
)

mutator("account-field-unknown", over=REQUEST, on=_ACCOUNT, breaks="ACCESS-CONTENT")(
    add("/soap:Envelope/soap:Body/*", "<pat:more>x</pat:more>")
)
mutator("account-type-unknown", over=REQUEST, on=_ACCOUNT, breaks="ACCESS-TYPE")(
    put(f"{_CALL}/pat:type", "FAX")
)
mutator("account-channel-odd", over=REQUEST, on=_ACCOUNT, breaks=("ACCESS-CHANNEL", "REC_1.5-1100"))(
    put(f"{_CALL}/pat:canal", "12")
)
mutator(
    "account-action-unknown", over=REQUEST, on=("TD1.5b", "TD1.5c"), breaks=("ACCESS-ACTION", "EX_1.5-1020")
)(put(f"{_CALL}/pat:action", "X"))
mutator(
    "account-secret-told", over=REQUEST, on=("TD1.5d",), breaks=("ACCESS-CONTENT", "ACCESS-SECRETS-KEPT")
)(add(_CALL, "<pat:login>x</pat:login><pat:password>y</pat:password>"))
mutator("account-break-glass", over=REQUEST, on=_ACCOUNT, breaks="ACCESS-MODE")(
    put("//hl7:PurposeOfUse/@code", "bris_de_glace")
)
mutator("account-answer-mute", over=ANSWER, on=_ACCOUNT, breaks="ACCESS-STATUS")(
    drop("//*[local-name()='status']")
)
mutator("account-answer-no-login", over=ANSWER, on=_HELD, breaks="ACCESS-CREDENTIALS")(
    drop("//pat:output/pat:login")
)
mutator("account-answer-secret", over=ANSWER, on=("TD1.5b", "TD1.5c"), breaks="ACCESS-NO-SECRET")(
    add("//pat:output", "<pat:password>abc</pat:password>", first=True)
)

_NIR: Final = ("TD0.0",)
mutator("nir-key", over=REQUEST, on=_NIR, breaks=("CERT-NIR", "EX_GEN-1255"))(
    put(f"{_CALL}/pat:nirOD", "280056399910100")
)
mutator("nir-gone", over=REQUEST, on=_NIR, breaks="CERT-NIR")(drop(f"{_CALL}/pat:nirOD"))
mutator("nir-birth", over=REQUEST, on=_NIR, breaks="CERT-BIRTH")(
    put(f"{_CALL}/pat:dateNaissance", "14/05/1980")
)
mutator("nir-rank", over=REQUEST, on=_NIR, breaks="CERT-BIRTH")(put(f"{_CALL}/pat:rangNaissance", "0"))
mutator("nir-answer-mute", over=ANSWER, on=_NIR, breaks="CERT-ANSWER")(drop("//pat:output/pat:context"))
