"""What every HL7 v3 answer holds whatever it says, for payloads written by tests: its opening, what is fixed."""

from __future__ import annotations

import re

from harness.checks.hl7v3_wrapper import CLASSES

CUSTODIAN = (
    b'<custodian typeCode="CST"><assignedEntity classCode="ASSIGNED"><id root="1.2.250.1.213.4.1.1.1"/>'
    b"</assignedEntity></custodian>"
)


def opening(interaction: bytes, created: bytes = b"20261101101500") -> bytes:
    """From creationTime to sender, for that interaction."""
    return (
        b'<creationTime value="%(created)s"/>'
        b'<interactionId root="2.16.840.1.113883.1.6" extension="%(interaction)s"/><processingCode code="P"/>'
        b'<processingModeCode code="T"/><acceptAckCode code="NE"/>'
        b'<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE">'
        b'<id root="1.2.250.1.999.1.1.8121"/></device></receiver>'
        b'<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE">'
        b'<id root="1.2.250.1.213.4.1.1.1"/></device></sender>'
    ) % {b"interaction": interaction, b"created": created}


def whole(payload: bytes) -> bytes:
    """The answer with the structural attributes that its elements lack, and the custodian of its records."""

    def completed(found: re.Match[bytes]) -> bytes:
        asked = CLASSES.get(found[1].decode(), {})
        lacking = [f' {name}="{values[0]}"'.encode() for name, values in asked.items()]
        added = [one for one in lacking if one.partition(b"=")[0] not in found[2]]
        return b"<" + found[1] + b"".join(added) + found[2]

    return re.sub(rb"<(\w+)((?:\s[^>]*)?/?>)", completed, payload).replace(
        b"</registrationEvent>", CUSTODIAN + b"</registrationEvent>"
    )
