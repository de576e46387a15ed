"""Fault tls-refusal: the client certificate is refused by a TLS alert. Done by `mock_dmp.faults.gate`."""

from __future__ import annotations

from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "tls-refusal",
    family="tls",
    text=Text(
        "La poignée de main est refusée par une alerte TLS, pour ce certificat client (ou cette adresse)",
        "The handshake is refused by a TLS alert, for this client certificate (or this address)",
    ),
    reaction=Text(
        "Dire que la connexion est refusée et pourquoi ; ne pas insister sans changer de certificat",
        "Tell that the connection is refused and why; do not insist without another certificate",
    ),
    stage="handshake",
    moments=("before",),
    forbids=("AFTER-STORM",),
    parameters=(
        Parameter(
            "certificate",
            "",
            Text(
                "empreinte SHA-256 (hexadécimale) du certificat client, vide pour tous ceux de l'adresse",
                "SHA-256 fingerprint (hex) of the client certificate, empty for any from the address",
            ),
        ),
        Parameter(
            "address",
            "",
            Text(
                "adresse IP du client, vide pour toutes celles du certificat",
                "IP address of the client, empty for any with the certificate",
            ),
        ),
        Parameter(
            "alert",
            "access_denied",
            Text("alerte envoyée (TLS 1.2)", "alert that is sent (TLS 1.2)"),
            values=(
                "access_denied",
                "handshake_failure",
                "bad_certificate",
                "certificate_revoked",
                "certificate_expired",
                "unknown_ca",
            ),
        ),
    ),
    confidence="A",
)
def refuse() -> None:
    """The handshake is the gate's: there is no answer to spoil."""
