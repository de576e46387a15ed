"""The WSDL of the services in place: datasets/wsdl, with the address that the client used.

Ours, made from the transactions' facts (a test holds them together); the national WSDL is not public.
"""

from __future__ import annotations

from protocol import safexml, transactions
from protocol.datafolders import folder

_ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap12/}address"


def describe(path: str, address: str) -> bytes | None:
    """The WSDL of the service at `path`, saying `address`; None when there is none."""
    offered = transactions.load().for_path(path)
    if not offered:
        return None
    source = folder("datasets") / "wsdl" / f"{offered[0].service}.wsdl"
    if not source.is_file():
        return None
    root = safexml.parse(source.read_bytes())
    for port in root.iter(_ADDRESS):
        port.set("location", address)
    return safexml.serialize(root)
