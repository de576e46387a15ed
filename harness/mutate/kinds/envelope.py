"""Mutations of SOAP and WS-Addressing, on both sides, and of the faults of the platform."""

from __future__ import annotations

from typing import Final

from harness.mutate.edits import add, drop, each, first_of, put, rename, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ANSWER: Final = "answer"
_ON: Final = ("TD0.2", "TD0.3", "TD2.1", "TD3.1")
_HEAD: Final = "/soap:Envelope/soap:Header"

mutator("soap-other-version", over=REQUEST, on=_ON, breaks="SOAP-VERSION")(
    rename("/soap:Envelope", "soap11:Envelope")
)
mutator("soap-no-header", over=REQUEST, on=_ON, breaks=("SOAP-STRUCTURE", "SOAP-SECURITY"))(drop(_HEAD))
mutator("soap-two-payloads", over=REQUEST, on=_ON, breaks="SOAP-STRUCTURE")(
    twin("/soap:Envelope/soap:Body/*")
)
mutator("soap-no-payload", over=REQUEST, on=_ON, breaks="SOAP-STRUCTURE")(drop("/soap:Envelope/soap:Body/*"))
mutator("soap-body-first", over=REQUEST, on=_ON, breaks="SOAP-STRUCTURE")(
    first_of("/soap:Envelope/soap:Body")
)
mutator("soap-other-payload", over=REQUEST, on=_ON, breaks="SOAP-PAYLOAD")(
    rename("/soap:Envelope/soap:Body/*", "Other")
)
mutator("soap-two-assertions", over=REQUEST, on=_ON, breaks="SOAP-SECURITY")(
    twin(f"{_HEAD}/wsse:Security/saml:Assertion")
)
mutator("soap-no-assertion", over=REQUEST, on=_ON, breaks="SOAP-SECURITY")(
    drop(f"{_HEAD}/wsse:Security/saml:Assertion")
)
mutator("soap-no-security", over=REQUEST, on=_ON, breaks="SOAP-SECURITY")(drop(f"{_HEAD}/wsse:Security"))
mutator("soap-must-understand-unknown", over=REQUEST, on=_ON, breaks="SOAP-MUST-UNDERSTAND")(
    add(_HEAD, '<hab:x soap:mustUnderstand="true"/>')
)
mutator("soap-must-understand-word", over=REQUEST, on=_ON, breaks="WSA-MUST-UNDERSTAND")(
    put(f"{_HEAD}/wsa:Action/@soap:mustUnderstand", "false")
)
mutator("soap-unknown-child", over=REQUEST, on=_ON, breaks="XSD-SOAP")(
    add("/soap:Envelope", "<soap:Footer/>")
)

mutator("wsa-action-other", over=REQUEST, on=_ON, breaks="WSA-ACTION")(put(f"{_HEAD}/wsa:Action", "urn:x"))
mutator("wsa-action-gone", over=REQUEST, on=_ON, breaks="WSA-ACTION")(drop(f"{_HEAD}/wsa:Action"))
mutator("wsa-action-twice", over=REQUEST, on=_ON, breaks="WSA-ONCE")(twin(f"{_HEAD}/wsa:Action"))
mutator("wsa-id-gone", over=REQUEST, on=_ON, breaks="WSA-MESSAGE-ID")(drop(f"{_HEAD}/wsa:MessageID"))
mutator("wsa-id-no-uuid", over=REQUEST, on=_ON, breaks="WSA-MESSAGE-ID")(
    put(f"{_HEAD}/wsa:MessageID", "urn:uuid:1")
)
mutator("wsa-id-no-urn", over=REQUEST, on=_ON, breaks="WSA-MESSAGE-ID")(
    shape(f"{_HEAD}/wsa:MessageID", lambda value: value.removeprefix("urn:uuid:"))
)
mutator("wsa-to-gone", over=REQUEST, on=_ON, breaks="WSA-TO")(drop(f"{_HEAD}/wsa:To"))
mutator("wsa-to-twice", over=REQUEST, on=_ON, breaks=("WSA-TO", "WSA-ONCE"))(twin(f"{_HEAD}/wsa:To"))
mutator("wsa-reply-elsewhere", over=REQUEST, on=_ON, breaks="WSA-REPLY-TO")(
    put(f"{_HEAD}/wsa:ReplyTo/wsa:Address", "https://example.org/")
)

mutator("answer-action-other", over=ANSWER, on=_ON, breaks="WSA-ACTION")(put(f"{_HEAD}/wsa:Action", "urn:x"))
mutator("answer-relates-other", over=ANSWER, on=_ON, breaks="WSA-RELATES-TO")(
    put(f"{_HEAD}/wsa:RelatesTo", "urn:uuid:00000000-0000-4000-8000-000000000000")
)
mutator("answer-relates-gone", over=ANSWER, on=_ON, breaks="WSA-RELATES-TO")(drop(f"{_HEAD}/wsa:RelatesTo"))
mutator("answer-id-no-uuid", over=ANSWER, on=_ON, breaks="WSA-MESSAGE-ID")(put(f"{_HEAD}/wsa:MessageID", "1"))
mutator("answer-id-twice", over=ANSWER, on=_ON, breaks="WSA-ONCE")(twin(f"{_HEAD}/wsa:MessageID"))
mutator("answer-soap-other-version", over=ANSWER, on=_ON, breaks="SOAP-VERSION")(
    each(rename("/soap:Envelope", "soap11:Envelope"))
)
mutator("answer-two-payloads", over=ANSWER, on=_ON, breaks="SOAP-STRUCTURE")(
    twin("/soap:Envelope/soap:Body/*")
)
mutator("answer-other-payload", over=ANSWER, on=_ON, breaks="SOAP-PAYLOAD")(
    rename("/soap:Envelope/soap:Body/*[not(self::soap:Fault)]", "Other")
)
mutator("answer-must-understand", over=ANSWER, on=_ON, breaks="SOAP-MUST-UNDERSTAND")(
    add(_HEAD, '<hab:x soap:mustUnderstand="true"/>')
)

_FAULT: Final = "/soap:Envelope/soap:Body/soap:Fault"
mutator("fault-code-unknown", over=ANSWER, breaks="FAULT-CODE")(
    put(f"{_FAULT}/soap:Code/soap:Value", "soap:Nobody")
)
mutator("fault-code-gone", over=ANSWER, breaks="FAULT-CODE")(drop(f"{_FAULT}/soap:Code"))
mutator("fault-subcode-gone", over=ANSWER, breaks="FAULT-SUBCODE")(drop(f"{_FAULT}/soap:Code/soap:Subcode"))
mutator("fault-reason-gone", over=ANSWER, breaks="FAULT-REASON")(drop(f"{_FAULT}/soap:Reason"))
mutator("fault-reason-empty", over=ANSWER, breaks="FAULT-REASON")(put(f"{_FAULT}/soap:Reason/soap:Text", ""))
mutator("fault-not-alone", over=ANSWER, breaks="SOAP-STRUCTURE")(add("/soap:Envelope/soap:Body", "<hab:x/>"))
