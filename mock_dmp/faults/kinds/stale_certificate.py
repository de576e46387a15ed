"""Fault stale-certificate: the server shows a certificate that no client may trust. Done by `mock_dmp.faults.gate`."""

from __future__ import annotations

from mock_dmp.faults.api import Parameter, fault
from mock_dmp.faults.badserver import FLAWS
from protocol.errors import Text


@fault(
    "stale-certificate",
    family="tls",
    text=Text(
        "Le serveur présente un certificat périmé, d'une autorité inconnue ou d'un autre nom",
        "The server shows a certificate that is expired, of an unknown authority or of another name",
    ),
    reaction=Text(
        "Interrompre la poignée de main sans envoyer le message (EX_0.X-1070)",
        "Break the handshake off without sending the message (EX_0.X-1070)",
    ),
    stage="handshake",
    moments=("before",),
    forbids=("AFTER-STALE-SERVER",),
    parameters=(
        Parameter(
            "flaw", "expired", Text("ce qui ne va pas dans le certificat", "what is wrong"), values=FLAWS
        ),
        Parameter(
            "address",
            "",
            Text(
                "adresse IP du client ; par l'API, celle de qui arme la panne par défaut",
                "IP address of the client; through the API, that of whoever arms it by default",
            ),
        ),
    ),
    confidence="A",
)
def show() -> None:
    """The handshake is the gate's: there is no answer to spoil."""
