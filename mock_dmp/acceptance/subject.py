"""The patient whom the body of a request names: HL7 v3 query or registration, submission, stored query.

Judges nothing; None when nobody can be told, which the handler says.
"""

from __future__ import annotations

from lxml import etree

from protocol import ebrim, facts, gdp
from protocol.errors import WireError
from protocol.hl7v3 import read_query_by_identifier
from protocol.identifiers.cx import Cx, parse_cx
from protocol.storedquery import join_values

_SUBMISSION = f"{{{facts.XDSB}}}ProvideAndRegisterDocumentSetRequest"
_QUERY = f"{{{facts.QUERY}}}AdhocQueryRequest"


def of_body(body: etree._Element) -> Cx | None:
    """The patient that the payload names."""
    try:
        if str(body.tag).startswith(f"{{{facts.HL7}}}"):
            asked = gdp.read_request(body) if gdp.is_request(body) else read_query_by_identifier(body)
            oid, number = asked.patient
            return Cx(number, oid) if number and oid else None
        if body.tag == _SUBMISSION:
            return parse_cx(ebrim.patient_of_submission(body))
        return parse_cx(_parameter(ebrim.read_query(body))) if body.tag == _QUERY else None
    except WireError:
        return None


def _parameter(query: ebrim.StoredQuery) -> str:
    """Value of the parameter that holds the patient, whatever the query; "" when absent."""
    for param in query.params:
        if param.name.lower().endswith("patientid"):
            return str(next(iter(join_values(param.values).items), ""))
    return ""
