"""From the slots of an AdhocQuery to criteria, with every fault found on the way (ITI TF-2 3.18.4.1.2.3).

A fault is a breach under the id of its rule (QUERY-…), so that a session may forgive it. Nothing is looked up
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mock_dmp.acceptance.engine import Breach
from mock_dmp.services.xds.query.spec import METADATA_UPDATE, QUERIES, STATUSES, Parameter, Query
from protocol.ebrim import Param, StoredQuery
from protocol.errors import WireError
from protocol.identifiers.cx import parse_cx
from protocol.identifiers.dtm import parse_dtm
from protocol.storedquery import parse_code, parse_values

#: The groups of one parameter: AND between groups, OR inside one.
Values = tuple[tuple[str, ...], ...]
Criteria = Mapping[str, Values]

#: Id of the rule, and what broke it.
Fault = tuple[str, Breach]

_UUID = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Asked:
    """A query and what it asks. `query` is None when it is not served; `faults` says all that is wrong."""

    query: Query | None
    criteria: Criteria
    faults: tuple[Fault, ...]

    def one(self, name: str) -> str:
        """The value of a single-valued parameter, "" when absent."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a parameter."""
        return tuple(value for group in self.criteria.get(name, ()) for value in group)


def understand(stored: StoredQuery) -> Asked:
    """Read the query and its parameters; never raises."""
    query = QUERIES.get(stored.id)
    if query is None:
        return Asked(None, {}, (unknown(stored),))
    criteria: dict[str, Values] = {}
    faults: list[Fault] = []
    for param in stored.params:
        parameter = query.parameters.get(param.name)
        if parameter is None:
            faults.append(_unknown(query, param.name))
        elif param.name in criteria and not parameter.conjunction:
            faults.append(_number(param.name, "paramètre répété", "un seul Slot de ce nom"))
        else:
            values, found = _group(param, parameter)
            faults += found
            criteria[param.name] = (*criteria.get(param.name, ()), values)
    faults += _presence(query, criteria)
    faults += _return_type(stored)
    faults += [
        ("QUERY-METADATA-UPDATE", Breach(f"paramètre {name}", "mise à jour de métadonnées", "aucun"))
        for name in criteria
        if name in METADATA_UPDATE
    ]
    return Asked(query, criteria, tuple(faults))


def unknown(stored: StoredQuery) -> Fault:
    """The query is none of those served."""
    served = ", ".join(sorted(item.name for item in QUERIES.values() if not item.folder))
    return "QUERY-KNOWN", Breach("AdhocQuery/@id", stored.id or "absent", served)


def _return_type(stored: StoredQuery) -> Iterator[Fault]:
    if stored.return_type not in ("LeafClass", "ObjectRef"):
        yield (
            "QUERY-RETURN-TYPE",
            Breach("ResponseOption/@returnType", stored.return_type or "absent", "LeafClass ou ObjectRef"),
        )


def _unknown(query: Query, name: str) -> Fault:
    if name.startswith(("$", "urn:")):
        return "QUERY-PARAM-UNKNOWN", Breach(f"paramètre {name}", "inconnu (ignoré)", f"ceux de {query.name}")
    return "QUERY-PARAM-VALUE", Breach(f"paramètre {name}", "nom sans « $ »", f"${name}")


def _presence(query: Query, criteria: Criteria) -> Iterator[Fault]:
    for name, parameter in query.parameters.items():
        if parameter.required and not any(criteria.get(name, ())):
            yield "QUERY-PARAM-REQUIRED", Breach(f"{query.name}, paramètre {name}", "absent", "obligatoire")
    if query.patient and query.patient not in criteria:
        yield "QUERY-PATIENT-REQUIRED", Breach(f"{query.name}, paramètre {query.patient}", "absent", "l'INS")
    given = [name for name in query.one_of if any(criteria.get(name, ()))]
    if query.one_of and not given:
        yield (
            "QUERY-PARAM-REQUIRED",
            Breach(query.name, "aucun identifiant", f"un paramètre parmi {', '.join(query.one_of)}"),
        )
    if len(given) > 1:
        yield _number(" et ".join(given), "paramètres exclusifs donnés ensemble", "un seul des deux")


def _group(param: Param, parameter: Parameter) -> tuple[tuple[str, ...], list[Fault]]:
    """The values of one slot: several Value elements make one list (they beat the 256-character limit)."""
    values: list[str] = []
    faults: list[Fault] = []
    for raw in param.values:
        try:
            read = parse_values(raw)
        except WireError as problem:
            faults.append(_bad(param.name, raw, problem.expected))
            continue
        if parameter.many and not read.is_list:
            faults.append(_bad(param.name, raw, "une liste entre parenthèses : ('…','…')"))
        elif parameter.kind == "patient" and read.is_list:
            faults.append(_bad(param.name, raw, "une valeur entre apostrophes, sans parenthèses"))
        for value in read.items:
            faults += _value(param.name, parameter, value)
            values.append(str(value))
    if not parameter.many and len(values) > 1:
        faults.append(_number(param.name, f"{len(values)} valeurs", "une seule valeur"))
    return tuple(values), faults


def _value(name: str, parameter: Parameter, value: str | int) -> Iterator[Fault]:
    text = str(value)
    if isinstance(value, int) != (parameter.kind == "number") and parameter.kind != "time":
        yield _bad(name, text, "un nombre" if parameter.kind == "number" else "une chaîne entre apostrophes")
    elif parameter.kind == "time" and not _reads(parse_dtm, text):
        yield _bad(name, text, "une date AAAA[MM[JJ[hh[mm[ss]]]]]")
    elif parameter.kind == "status" and text not in STATUSES:
        yield _bad(name, text, "l'URN complet d'un statut (Approved, Deprecated, Archived, Deleted)")
    elif parameter.kind == "code" and not _reads(parse_code, text):
        yield _bad(name, text, "code^^système")
    elif parameter.kind in ("uuid", "type") and not _UUID.fullmatch(text):
        yield _bad(name, text, "urn:uuid:…")
    elif parameter.kind == "patient" and not _reads(parse_cx, text):
        yield _bad(name, text, "un identifiant id^^^&OID&ISO")


def _reads(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except WireError:
        return False
    return True


def _bad(name: str, found: str, expected: str) -> Fault:
    return "QUERY-PARAM-VALUE", Breach(f"paramètre {name}", found, expected)


def _number(name: str, found: str, expected: str) -> Fault:
    return "QUERY-PARAM-NUMBER", Breach(f"paramètre {name}", found, expected)
