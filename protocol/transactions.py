"""The transactions of the interface, each described once in datasets/transactions.

A handler of the mock, a message of the driver, checks, plan steps and pages of documentation refer to them by
id. Facts only: nothing here reads a message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol

from protocol.catalogue import entries
from protocol.datafolders import folder
from protocol.errors import NO_TEXT, Text, ToolError
from protocol.requirements import requirements
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Confidence = Literal["A", "B", "C"]
Mtom = Literal["required", "allowed", "never"]
Status = Literal["implemented", "planned"]
Message = Literal["soap", "none", "url"]
Kind = Literal["reason", "card", "element", "operation"]

SERVICE_ROOT: Final = "/si-dmp-server/v2/services/"
_ALIAS_ROOT: Final = "/si-dmp-server/v1/services/"
SERVICES: Final = (
    "patients",
    "patientsPDQ",
    "patientsSpecific",
    "habilitations",
    "patientCertif",
    "registry",
    "repository",
)
_MTOM: Final[tuple[Mtom, ...]] = ("required", "allowed", "never")
_STATUS: Final[tuple[Status, ...]] = ("implemented", "planned")
_MESSAGES: Final[tuple[Message, ...]] = ("soap", "none", "url")
_KINDS: Final[tuple[Kind, ...]] = ("reason", "card", "element", "operation")
_AUTH: Final = ("direct", "indirect", "air")
_ACCESS: Final = ("normal", "bris_de_glace", "centre_15")


@dataclass(frozen=True)
class Discriminator:
    """What tells apart transactions that share one action and one root.

    `kind`: `reason` (HL7 v3 reasonCode), `card` (CPS or CPE), `element` (value of an element of the body),
    `operation` (what a metadata update does). `values`: any of them.
    """

    kind: Kind
    values: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """Something that no public text tells. `here`: what the mock does; `settings`: rules and switches of it."""

    what: Text
    here: Text
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Transaction:
    """One transaction. Empty strings where it has no SOAP message (`message` is then "none" or "url").

    `request_root`, `response_root`: `{namespace}name`. `auth`: direct, indirect, air. `access`: normal,
    bris_de_glace, centre_15. `error_codes` and `requirements` hold its own, then the common ones.
    `needs_authorisation`: in normal access mode. `dmp_states`: states of the record
    that it accepts. `planned`: why it is not implemented yet. `unknown`: its own; those of any call are told
    once, by the transaction without a message.
    """

    id: str
    title: Text
    status: Status
    planned: Text
    profiles: tuple[str, ...]
    message: Message
    standard: str
    service: str
    soap_version: str
    action: str
    response_action: str
    mtom_request: Mtom
    mtom_response: Mtom
    request_root: str
    response_root: str
    discriminator: Discriminator | None
    message_types: tuple[str, ...]
    auth: tuple[str, ...]
    access: tuple[str, ...]
    needs_authorisation: bool
    dmp_states: tuple[str, ...]
    error_codes: tuple[str, ...]
    requirements: tuple[str, ...]
    source: str
    confidence: Confidence
    unknown: tuple[Unknown, ...]

    @property
    def service_path(self) -> str:
        """`/si-dmp-server/v2/services/registry`; "" when it has no service."""
        return f"{SERVICE_ROOT}{self.service}" if self.service else ""

    @property
    def on_documents(self) -> bool:
        """Whether it is one of the IHE XDS services."""
        return self.service in ("registry", "repository")

    @property
    def on_patient(self) -> bool:
        """Whether it is about the DMP of one patient, whom the VIHF then names."""
        return bool(self.dmp_states)

    @property
    def implemented(self) -> bool:
        return self.status == "implemented"


def _neighbour(name: str, title: Text, standard: str, source: str) -> Transaction:
    empty: dict[str, Any] = dict.fromkeys(
        ("service", "soap_version", "action", "response_action", "request_root", "response_root"), ""
    )
    lists: dict[str, Any] = dict.fromkeys(
        (
            "profiles",
            "message_types",
            "auth",
            "access",
            "dmp_states",
            "error_codes",
            "requirements",
            "unknown",
        ),
        (),
    )
    return Transaction(
        id=name,
        title=title,
        status="planned",
        planned=NO_TEXT,
        message="none",
        standard=standard,
        mtom_request="never",
        mtom_response="never",
        discriminator=None,
        needs_authorisation=False,
        source=source,
        confidence="B",
        **empty,
        **lists,
    )


#: Calls that care software makes around those of the DMP: evidence holds them, no transaction of the interface is.
NEIGHBOURS: Final[Mapping[str, Transaction]] = MappingProxyType(
    {
        "INSi": _neighbour(
            "INSi",
            Text("Recherche d'INS par le téléservice INSi", "Search of an INS by the INSi service"),
            "SOAP 1.2, téléservice INSi",
            "exemples publics du téléservice",
        ),
        "param-lps": _neighbour(
            "param-lps",
            Text("Lecture du fichier de paramètres", "Fetch of the parameter file"),
            "HTTP GET",
            "guide d'intégration DMP (EX_GEN-1540)",
        ),
    }
)


class Registry:
    """The transactions, by id, by action and root, by path. Immutable."""

    def __init__(self, transactions: Mapping[str, Transaction]) -> None:
        self._by_id = MappingProxyType(dict(transactions))

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._by_id.values())

    def __contains__(self, transaction_id: object) -> bool:
        return transaction_id in self._by_id

    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def by_id(self, transaction_id: str) -> Transaction:
        """That transaction, or that neighbour of the DMP (NEIGHBOURS). Raises ToolError for an unknown id."""
        if transaction_id in NEIGHBOURS:
            return NEIGHBOURS[transaction_id]
        if transaction_id not in self._by_id:
            raise ToolError(
                "TD-001",
                Text("transaction inconnue", "unknown transaction"),
                found=transaction_id,
                expected=", ".join(self._by_id),
            )
        return self._by_id[transaction_id]

    def by_action(
        self, action: str, payload_root: str, discriminants: Collection[str] = ()
    ) -> Transaction | None:
        """The transaction of that wsa:Action and root of the Body (`{namespace}name`).

        Several share one action: what the message says (`protocol.discriminants`: reason code, card, action
        element, operations) chooses. The first that fits in the order of ids; when none does, the first
        implemented one. None when no transaction has both.
        """
        found = [item for item in self.sharing(action) if item.request_root == payload_root]
        return _choose(found, discriminants)

    def sharing(self, action: str) -> tuple[Transaction, ...]:
        """Every transaction with that wsa:Action."""
        return tuple(item for item in self if action and item.action == action)

    def by_root(self, payload_root: str) -> tuple[Transaction, ...]:
        """Every transaction with that root of the Body."""
        return tuple(item for item in self if payload_root and item.request_root == payload_root)

    def implemented(self) -> tuple[Transaction, ...]:
        return tuple(item for item in self if item.implemented)

    def for_path(self, path: str) -> tuple[Transaction, ...]:
        """The transactions of a service path, v1 alias included; query string and final slash ignored."""
        bare = path.split("?", 1)[0].rstrip("/")
        for root in (SERVICE_ROOT, _ALIAS_ROOT):
            if bare.startswith(root):
                return tuple(item for item in self if item.service == bare.removeprefix(root) != "")
        return ()


@cache
def load() -> Registry:
    """Read datasets/transactions. Raises ToolError naming the file and the field that is wrong."""
    found: dict[str, Transaction] = {}
    for path in sorted((folder("datasets") / "transactions").glob("*.yaml")):
        document = read_yaml(path)
        fields = Fields(document.data, document)
        read = _transaction(fields)
        if read.id in found or path.stem != read.id.replace(".", "_"):
            raise fields.refuse(
                "TD-002",
                Text("l'identifiant et le fichier diffèrent", "id and file differ"),
                "id",
                read.id,
            )
        found[read.id] = read
    return Registry(dict(sorted(found.items(), key=lambda item: _rank(item[0]))))


def _choose(found: list[Transaction], discriminants: Collection[str]) -> Transaction | None:
    for item in found:
        if item.discriminator and any(one in discriminants for one in item.discriminator.values):
            return item
    return next((item for item in found if item.implemented), found[0] if found else None)


def _transaction(fields: Fields) -> Transaction:
    status = fields.one_of("status", _STATUS)
    message = fields.one_of("message", _MESSAGES)
    soap = fields.inner("soap") if message == "soap" else None
    read = Transaction(
        id=fields.text("id"),
        title=fields.words("title"),
        status=status,
        planned=fields.words("planned") if status == "planned" else NO_TEXT,
        profiles=fields.texts("profiles"),
        message=message,
        standard=fields.text("standard"),
        service=fields.one_of("service", SERVICES) if soap else "",
        soap_version=soap.one_of("version", ("1.2",)) if soap else "",
        action=soap.text("action") if soap else "",
        response_action=soap.text("response_action") if soap else "",
        mtom_request=soap.one_of("mtom_request", _MTOM) if soap else "never",
        mtom_response=soap.one_of("mtom_response", _MTOM) if soap else "never",
        request_root=soap.text("request_root") if soap else "",
        response_root=soap.text("response_root") if soap else "",
        discriminator=fields.optional("discriminator", _discriminator),
        message_types=fields.texts("message_types", ()),
        auth=_subset(fields, "auth", _AUTH),
        access=_subset(fields, "access", _ACCESS),
        needs_authorisation=fields.flag("needs_authorisation"),
        dmp_states=_subset(fields, "dmp_states", ("absent", "active", "closed")),
        error_codes=_with_common(fields.texts("error_codes"), entries() if message != "url" else {}),
        requirements=_with_common(fields.texts("requirements"), requirements() if message != "url" else {}),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
        unknown=fields.each("unknown", _unknown),
    )
    if soap:
        soap.done()
    fields.done()
    return read


def _unknown(fields: Fields) -> Unknown:
    read = Unknown(fields.words("what"), fields.words("here"), fields.texts("settings", ()))
    fields.done()
    return read


def _discriminator(fields: Fields) -> Discriminator:
    read = Discriminator(fields.one_of("kind", _KINDS), fields.texts("values"))
    fields.done()
    return read


class _Common(Protocol):
    @property
    def common(self) -> bool: ...


def _with_common(own: tuple[str, ...], known: Mapping[str, _Common]) -> tuple[str, ...]:
    """What the file lists, then what holds for every transaction."""
    return tuple(dict.fromkeys([*own, *(name for name, one in known.items() if one.common)]))


def _subset(fields: Fields, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = fields.texts(key)
    for value in values:
        if value not in allowed:
            raise fields.refuse(
                "DATA-014", Text("valeur refusée", "value refused"), key, value, expected=" | ".join(allowed)
            )
    return values


def _rank(transaction_id: str) -> tuple[int, int, str]:
    """TD0.9 before TD0.10, TD1.5a before TD1.5b."""
    family, _, rest = transaction_id.removeprefix("TD").partition(".")
    number = rest.rstrip("abcdefgh")
    return int(family), int(number or 0), rest[len(number) :]
