"""The WSDL 1.1 of each service and its schemas, made from the transactions' facts and datasets/schemas.

Served in place (`?wsdl`, `?xsd=NAME`) with the address that the client used. Ours: the national ones are not public.
One operation a pair of action and root: transactions that share both share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final
from urllib.parse import quote

from lxml import etree

from protocol import safexml, transactions
from protocol.datafolders import folder
from protocol.transactions import Transaction

_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
_WSAM: Final = "http://www.w3.org/2007/05/addressing/metadata"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_HTTP: Final = "http://schemas.xmlsoap.org/soap/http"
_OURS: Final = "urn:dmpcompat:wsdl:"


def describe(path: str, address: str) -> bytes | None:
    """The WSDL of the service at `path`, saying `address`; None when there is none."""
    operations = _operations(path)
    if not operations:
        return None
    service = operations[0].service
    own = f"{_OURS}{service}"
    namespaces = sorted({etree.QName(root).namespace or "" for one in operations for root in _roots(one)})
    prefixes = {f"n{number}": uri for number, uri in enumerate(namespaces)}
    root = etree.Element(
        f"{{{_WSDL}}}definitions",
        nsmap={"wsdl": _WSDL, "soap12": _SOAP, "wsam": _WSAM, "xs": _XSD, "tns": own, **prefixes},
        name=service,
        targetNamespace=own,
    )
    _types(root, namespaces, address)
    _messages(root, operations, {uri: prefix for prefix, uri in prefixes.items()})
    _port_type(root, operations)
    _binding(root, operations)
    service_element = _sub(root, "service", name=service)
    port = _sub(service_element, "port", name=f"{service}Port", binding=f"tns:{service}Binding")
    etree.SubElement(port, f"{{{_SOAP}}}address", location=address)
    return safexml.serialize(root)


def schema(path: str, name: str, address: str) -> bytes | None:
    """The schema file of that name, for a service at `path`; what it imports is found at `address`."""
    if not _operations(path) or name not in _schemas().values():
        return None
    root = safexml.parse((folder("datasets") / "schemas" / name).read_bytes())
    for imported in root.iter(f"{{{_XSD}}}import"):
        imported.set("schemaLocation", _location(address, imported.get("schemaLocation", "")))
    return safexml.serialize(root)


@cache
def _schemas() -> dict[str, str]:
    """Namespace -> file of datasets/schemas."""
    found = {}
    for source in sorted((folder("datasets") / "schemas").glob("*.xsd")):
        root = safexml.parse(source.read_bytes())
        found[root.get("targetNamespace", "")] = source.name
    return found


def _operations(path: str) -> list[Transaction]:
    """The implemented transactions of the path, one an action and root."""
    different: dict[tuple[str, str], Transaction] = {}
    for one in transactions.load().for_path(path):
        if one.implemented:
            different.setdefault((one.action, one.request_root), one)
    return list(different.values())


def _roots(one: Transaction) -> tuple[str, str]:
    return one.request_root, one.response_root


def _name(one: Transaction) -> str:
    """The operation, by the root of its request."""
    return etree.QName(one.request_root).localname


def _location(address: str, name: str) -> str:
    return f"{address}?xsd={quote(name)}"


def _types(root: etree._Element, namespaces: Iterable[str], address: str) -> None:
    types = _sub(root, "types")
    holder = etree.SubElement(types, f"{{{_XSD}}}schema", targetNamespace=f"{_OURS}types")
    for uri in namespaces:
        location = _location(address, _schemas()[uri])
        etree.SubElement(holder, f"{{{_XSD}}}import", namespace=uri, schemaLocation=location)


def _messages(root: etree._Element, operations: Iterable[Transaction], prefixes: dict[str, str]) -> None:
    for name in dict.fromkeys(name for one in operations for name in _roots(one)):
        qualified = etree.QName(name)
        message = _sub(root, "message", name=qualified.localname)
        element = f"{prefixes[qualified.namespace or '']}:{qualified.localname}"
        _sub(message, "part", name="body", element=element)


def _port_type(root: etree._Element, operations: Iterable[Transaction]) -> None:
    port_type = _sub(root, "portType", name=f"{root.get('name')}EndPoint")
    for one in operations:
        operation = _sub(port_type, "operation", name=_name(one))
        for side, name, action in zip(
            ("input", "output"), _roots(one), (one.action, one.response_action), strict=True
        ):
            element = _sub(operation, side, message=f"tns:{etree.QName(name).localname}")
            element.set(f"{{{_WSAM}}}Action", action)


def _binding(root: etree._Element, operations: Iterable[Transaction]) -> None:
    service = root.get("name")
    binding = _sub(root, "binding", name=f"{service}Binding", type=f"tns:{service}EndPoint")
    etree.SubElement(binding, f"{{{_SOAP}}}binding", transport=_HTTP, style="document")
    for one in operations:
        operation = _sub(binding, "operation", name=_name(one))
        etree.SubElement(operation, f"{{{_SOAP}}}operation", soapAction=one.action, style="document")
        for side in ("input", "output"):
            etree.SubElement(_sub(operation, side), f"{{{_SOAP}}}body", use="literal")


def _sub(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_WSDL}}}{tag}", attributes)


def services() -> Iterator[str]:
    """The services that have a WSDL."""
    seen = {one.service for one in transactions.load().implemented() if one.service}
    yield from sorted(seen)
