"""TD2.1, and TD2.2 by an employee's card: feeds documents into a DMP (ITI-41 Provide and Register Document Set).

All or nothing; every fault that can be found comes back in one RegistryErrorList.
"""

from __future__ import annotations

from mock_dmp.acceptance.engine import breach_of, judged
from mock_dmp.acceptance.xds.filing import filing_of
from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.ebrim import registry_response
from mock_dmp.services import tracing
from mock_dmp.services.xds.reading import Submitted, read_submitted
from mock_dmp.services.xds.submission import refuse, submit, told
from protocol.errors import MetadataError


@handler("TD2.1")
@handler("TD2.2")
def provide_and_register(call: Call) -> Reply:
    """Register the submission. Raises Refusal (IHE codes of ITI-41)."""
    filing = filing_of(call, _read(call))
    outcome = submit(call, filing)
    for warning in outcome.warnings:
        call.warn(warning)
    tracing.trace(
        call,
        "alimentation",
        documents=[entry.unique_id for entry in filing.document_entries],
        result="Success",
    )
    return Reply(registry_response(told(call, outcome.warnings)))


def _read(call: Call) -> Submitted:
    try:
        return read_submitted(call.message)
    except MetadataError as problem:
        breach = breach_of(problem)
        refuse(call, judged("XDS-STRUCTURE", breach, call.session.settings))
        raise  # a message without object list can't be served, whatever the settings say
