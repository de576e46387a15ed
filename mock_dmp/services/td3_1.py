"""TD3.1: searches documents (ITI-18 Registry Stored Query): lists (3.1a), technical ids (3.1b).

The patient may be left to the VIHF; what the caller may not see is left out in silence.
"""

from __future__ import annotations

from mock_dmp.acceptance.engine import Breach, breach_of, judged
from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.ebrim import query_response
from mock_dmp.services import tracing
from mock_dmp.services.identity import patient_of, standing_of, vihf_of
from mock_dmp.services.xds.query.criteria import Asked, understand, unknown
from mock_dmp.services.xds.query.run import Found, Scope, run
from mock_dmp.services.xds.submission import refuse
from protocol.ebrim import StoredQuery, read_query
from protocol.errors import IdentifierError, MetadataError
from protocol.identifiers.cx import parse_cx


@handler("TD3.1")
def stored_query(call: Call) -> Reply:
    """Run the query. Raises Refusal (IHE codes of ITI-18)."""
    stored = _read(call)
    asked = understand(stored)
    folders = asked.query is not None and asked.query.folder
    if folders and call.session.settings.switch("folder_queries") == "unknown":
        asked = Asked(None, {}, (unknown(stored),))
    _refuse_faults(call, asked)
    found = _search(call, asked)
    _refuse_results(call, stored, found)
    tracing.trace(call, "recherche", result="Success")
    return Reply(query_response(found.objects, references=stored.return_type == "ObjectRef"))


def _read(call: Call) -> StoredQuery:
    try:
        return read_query(call.message.envelope.body)
    except MetadataError as problem:
        refuse(call, judged("QUERY-PARAM-VALUE", breach_of(problem), call.session.settings))
        raise


def _refuse_faults(call: Call, asked: Asked) -> None:
    settings = call.session.settings
    faults = list(asked.faults)
    if asked.query is not None and asked.query.patient:
        faults += _patient_fault(call, asked.one(asked.query.patient))
    found = [item for rule, breach in faults for item in judged(rule, breach, settings)]
    refuse(call, found)
    for item in found:
        call.warn(item.problem)
    if asked.query is None:  # forgiven by the session, and still nothing to run
        refuse(call, judged("QUERY-KNOWN", Breach("AdhocQuery/@id"), settings))


def _patient_fault(call: Call, given: str) -> list[tuple[str, Breach]]:
    """The patient of the query is that of the VIHF; type code and date do not count."""
    told = vihf_of(call).patient
    if not given or told is None:
        return []
    try:
        read = parse_cx(given)
    except IdentifierError:
        return []  # said by the grammar
    if (read.id, read.oid) == (told.id, told.oid):
        return []
    return [("XDS-PATIENT-ID", Breach("patient de la recherche", given, f"{told} (resource-id du VIHF)"))]


def _search(call: Call, asked: Asked) -> Found:
    patient = patient_of(call)
    if patient is None or asked.query is None:
        return Found(())
    scope = Scope(call.session.name, patient, standing_of(call, patient), call.session.settings)
    with call.session.store.read() as db:
        return run(db, asked, scope)


def _refuse_results(call: Call, stored: StoredQuery, found: Found) -> None:
    settings = call.session.settings
    if found.foreign and stored.return_type == "LeafClass":
        breach = Breach("résultat", "des objets d'un autre patient", "ceux du patient du VIHF")
        refuse(call, judged("QUERY-SINGLE-PATIENT", breach, settings))
    most = int(settings.switch("search_max_results"))
    if len(found.objects) > most:
        breach = Breach("résultat", str(len(found.objects)), f"{most} au plus", code="XDSTooManyResults")
        refuse(call, judged("QUERY-PARAM-VALUE", breach, settings))
