"""What every HL7 v3 answer starts with, after its id: payloads written by tests need it for schemas to admit them."""

from __future__ import annotations


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
