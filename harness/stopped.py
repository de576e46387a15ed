"""Preflight of a clock that is stopped (`run --clock`): the certificates must be valid at that moment too.

Seed and clock together make a run that sends the same bytes again; this tells a moment at which it could only be
refused.
"""

from __future__ import annotations

from typing import Final

from harness.campaign import Campaign
from harness.drive.clock import Clock, SetClock
from harness.preflight import Item, tls_files
from protocol.errors import NO_TEXT, Text
from protocol.x509read import certificate_of

_CODE: Final = "PRE-CLOCK-STOPPED"


def stopped(campaign: Campaign, clock: Clock | None) -> tuple[Item, ...]:
    """One item when the clock is stopped and certificates are used. What can't be read, the preflight tells."""
    files = tls_files(campaign)
    if not isinstance(clock, SetClock) or files is None:
        return ()
    try:
        certificate = certificate_of(files.certificate.read_bytes())
    except (OSError, ValueError):
        return ()
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    at = clock.now()
    fine = start <= at <= end
    mend = Text(
        f"refaire la PKI pour ce moment : dmpcompat pki init --at {at:%Y-%m-%dT%H:%M:%SZ} DOSSIER",
        f"make the PKI for that moment: dmpcompat pki init --at {at:%Y-%m-%dT%H:%M:%SZ} DIR",
    )
    return (
        Item(
            _CODE,
            "OK" if fine else "KO",
            "--clock",
            Text("les certificats valent à l'heure fixée", "certificates are valid at the stopped clock"),
            found=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            expected="" if fine else f"{start:%Y-%m-%d} – {end:%Y-%m-%d}",
            mend=NO_TEXT if fine else mend,
        ),
    )
