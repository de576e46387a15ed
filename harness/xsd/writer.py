"""XSD made from the tables of datasets/schemas/cda/model, so that both always agree.

The files are in datasets/schemas/cda; a test says when they are out of date, `python -m harness.xsd.writer` makes
them again. The notation is read by harness.xsd.notation. Names of types that show on the wire (xsi:type) are
those of the standard: each class is also declared under the name it is `seen as` there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from lxml import etree

from harness.xsd.notation import (
    MANY,
    Attribute,
    Group,
    Occurs,
    Other,
    Particle,
    Several,
    attributes,
    content,
)
from protocol.datafolders import folder

_XS: Final = "http://www.w3.org/2001/XMLSchema"
HL7: Final = "urn:hl7-org:v3"
PHARM: Final = "urn:ihe:pharm:medication"
_PREFIXES: Final = {
    "xs": _XS,
    "hl7": HL7,
    "sdtc": "urn:hl7-org:sdtc",
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "pharm": PHARM,
    "dicom": "urn:dicom-org:ps3-20",
    "xsl": "http://www.w3.org/1999/XSL/Transform",
}
#: Where the elements of each namespace are declared.
_FILES: Final = {
    HL7: "cda.xsd",
    PHARM: "medication.xsd",
    _PREFIXES["sdtc"]: "sdtc.xsd",
    _PREFIXES["lab"]: "lab.xsd",
    _PREFIXES["dicom"]: "dicom.xsd",
    _PREFIXES["xsl"]: "style.xsd",
}
#: Parts of the HL7 namespace, in the order a reader meets them.
_PARTS: Final = ("vocabulary", "datatypes", "narrative", "header", "body")
_FACETS: Final = {"pattern": "pattern", "length": "minLength", "from": "minInclusive", "to": "maxInclusive"}


@dataclass(frozen=True)
class Model:
    """One table: its file name without extension, its namespace, and the table as YAML gives it."""

    name: str
    namespace: str
    table: Mapping[str, Any]


def schemas(models: Path | None = None) -> Mapping[str, bytes]:
    """File name -> bytes of each XSD. Raises ToolError (SCHEMA-001) for a notation that can't be read."""
    tables = {model.name: model for model in _models(models or folder("datasets") / "schemas/cda/model")}
    parts = [tables[name] for name in _PARTS]
    known = _Known(parts)
    made = {f"{model.name}.xsd": _Writer(model, known).write() for model in parts}
    made["cda.xsd"] = _entry(parts)
    medication = tables["medication"]
    borrowed = Model("medication-datatypes", PHARM, _only_types(tables["datatypes"].table))
    of_medication = _Known([medication, borrowed], beside=known)
    made["medication-datatypes.xsd"] = _Writer(borrowed, of_medication).write()
    made["medication.xsd"] = _Writer(medication, of_medication).write(("medication-datatypes.xsd",))
    for model in tables.values():
        if model.namespace not in (HL7, PHARM):
            made[_FILES[model.namespace]] = _Writer(model, _Known([model], beside=known)).write()
    return made


def write(target: Path) -> None:
    """Write the schemas into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for name, data in schemas().items():
        (target / name).write_bytes(data)


def _models(source: Path) -> Iterator[Model]:
    for path in sorted(source.glob("*.yaml")):
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        for table in loaded if isinstance(loaded, list) else [loaded]:
            name = table.get("file", path.name).rpartition(".")[0]
            yield Model(name, table["namespace"], table)


def _only_types(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data types without their forms, which another namespace borrows as they are."""
    return {**table, "namespace": PHARM, "forms": {}, "codes": {}}


class _Known:
    """What names mean in one namespace, and beside it (the HL7 one, when a name isn't found)."""

    def __init__(self, models: Sequence[Model], beside: _Known | None = None) -> None:
        self.namespace = models[0].namespace
        tables = [model.table for model in models]
        self.types = {name for table in tables for name in table.get("types", {})}
        self.types |= {name for table in tables for name in _made_types(table)}
        self.forms = {name for table in tables for name in (*table.get("forms", {}), *table.get("codes", {}))}
        self.codes = {name: text for table in tables for name, text in table.get("codes", {}).items()}
        self.beside = beside

    def form(self, name: str) -> str:
        """Qualified name of a simple type, as XSD writes it."""
        if ":" in name:
            prefix, _, local = name.partition(":")
            return name if prefix == "xs" else f"{prefix}:{_lower(local)}"
        if name in self.forms or self.beside is None:
            return f"{_prefix(self.namespace)}:{_lower(name)}"
        return self.beside.form(name)

    def type(self, name: str) -> str:
        """Qualified name of the type of an element: a class or data type, else a simple type."""
        if ":" in name or name not in self.types:
            local = name.partition(":")[2]
            of_hl7 = self.beside is not None and name.startswith("hl7:") and local in self.beside.forms
            return self.form(name) if of_hl7 or ":" not in name else name
        return f"{_prefix(self.namespace)}:{name}"


class _Writer:
    """Makes the XSD of one table."""

    def __init__(self, model: Model, known: _Known) -> None:
        self._model = model
        self._table = model.table
        self._known = known
        self._root = _schema(model.namespace)

    def write(self, includes: Sequence[str] = ()) -> bytes:
        for name in includes:
            _add(self._root, "include", schemaLocation=name)
        groups = self._table.get("attributes", {})
        for name, values in self._table.get("codes", {}).items():
            self._enumeration(name, "xs:token", self._codes(values))
        for name, facets in self._table.get("forms", {}).items():
            self._form(name, facets)
        for name, notation in groups.items():
            self._attributes(_add(self._root, "attributeGroup", name=name), notation)
        for name, notation in self._table.get("groups", {}).items():
            self._particle(_add(self._root, "group", name=name), content(notation), named=True)
        for name, parts in self._table.get("parts", {}).items():
            self._parts(name, parts)
        for kind, width in self._table.get("intervals", {}).items():
            self._interval(kind, width)
        for name, described in self._table.get("types", {}).items():
            self._type(name, described or {})
        for name, kind in self._table.get("elements", {}).items():
            child = _add(self._root, "element", name=name, type=self._known.type(kind.rstrip("~")))
            _nillable(child, kind.endswith("~"))
        for item in attributes(self._table.get("global attributes", "")):
            if isinstance(item, Attribute):
                _add(self._root, "attribute", name=item.name, type=self._known.form(item.type))
        _imports(self._root, self._model.namespace, self._table.get("knows", "").split())
        return _bytes(self._root, f"model/{self._model.name}.yaml", self._table.get("source", ""))

    # Simple types

    def _codes(self, text: str) -> list[str]:
        """The codes of a list, with those of the lists it names."""
        found: list[str] = []
        for word in text.split():
            found += self._codes(self._known.codes[word[1:-1]]) if word.startswith("<") else [word]
        return sorted(found)

    def _enumeration(self, name: str, base: str, values: Sequence[str]) -> None:
        inner = _add(
            _add(self._root, "simpleType", name=_lower(name)), "restriction", base=self._known.form(base)
        )
        for value in values:
            _add(inner, "enumeration", value=value)

    def _form(self, name: str, facets: Mapping[str, Any]) -> None:
        if "values" in facets:
            self._enumeration(name, facets["base"], str(facets["values"]).split())
            return
        simple = _add(self._root, "simpleType", name=_lower(name))
        if "any of" in facets:
            _add(simple, "union", memberTypes=facets["any of"])
        elif "list of" in facets:
            _add(simple, "list", itemType=self._known.form(facets["list of"]))
        else:
            inner = _add(simple, "restriction", base=facets["base"])
            for key, facet in _FACETS.items():
                found = facets.get(key, [])
                for value in found if isinstance(found, list) else [found]:
                    _add(inner, facet, value=str(value))

    # Families of types

    def _parts(self, name: str, parts: Mapping[str, Any]) -> None:
        """One restricted type a part (its code is fixed), and the choice of them all."""
        choice = _add(_add(self._root, "group", name=name), "choice")
        for element, code in parts["elements"].items():
            kind = f"{parts['prefix']}.{element}"
            _add(choice, "element", name=element, type=f"{_prefix(self._model.namespace)}:{kind}")
            notation = f"partType {parts['code']}={code}"
            self._type(kind, {"restricts": parts["of"], "mixed": True, "is": notation})

    def _interval(self, kind: str, width: str) -> None:
        """Member of a set, bound, and interval of a quantity: its bounds and width in any attested order."""
        low_high = f"low IVXB_{kind}, (width {width}? | high IVXB_{kind}?)?"
        width_high = f"width {width}, high IVXB_{kind}?"
        notation = f"(({low_high}) | high IVXB_{kind} | ({width_high}) | (center {kind}, width {width}?))?"
        self._type(f"SXCM_{kind}", {"extends": kind, "is": "operator SetOperator"})
        self._type(f"IVXB_{kind}", {"extends": kind, "is": "inclusive Flag"})
        self._type(f"IVL_{kind}", {"extends": f"SXCM_{kind}", "holds": notation})

    # Classes

    def _type(self, name: str, described: Mapping[str, Any]) -> None:
        kind = _add(self._root, "complexType", name=name)
        for key in ("abstract", "mixed"):
            if described.get(key):
                kind.set(key, "true")
        base, how = self._base(name, described)
        inner = kind
        if base:
            inner = _add(_add(kind, "complexContent"), how, base=self._known.type(base))
        if described.get("holds"):
            self._particle(inner, content(described["holds"]))
        self._attributes(inner, described.get("is", ""))
        if described.get("open"):
            _add(inner, "anyAttribute", namespace="##other", processContents="lax")
        self._seen_as(name, described)

    def _base(self, name: str, described: Mapping[str, Any]) -> tuple[str, str]:
        if "restricts" in described:
            return described["restricts"], "restriction"
        default = self._table.get("class", "") if described.get("class", True) else ""
        return described.get("extends", default if name != default else ""), "extension"

    def _seen_as(self, name: str, described: Mapping[str, Any]) -> None:
        """The same class under each name that xsi:type may give it."""
        prefix, names = self._table.get("seen as", ""), described.get("seen as", name)
        if not prefix or not names:
            return
        for seen in str(names).split():
            kind = _add(self._root, "complexType", name=f"{prefix}{seen}")
            if described.get("mixed"):
                kind.set("mixed", "true")
            _add(_add(kind, "complexContent"), "extension", base=self._known.type(name))

    def _attributes(self, parent: etree._Element, notation: str) -> None:
        for item in attributes(notation):
            if isinstance(item, Group):
                _add(parent, "attributeGroup", ref=f"{_prefix(self._model.namespace)}:{item.name}")
                continue
            if ":" in item.name:
                added = _add(parent, "attribute", ref=item.name)
            else:
                added = _add(
                    parent, "attribute", name=item.name, type=self._known.form(item.type or "hl7:Word")
                )
            if item.use:
                added.set("use", item.use)
            if item.fixed:
                added.set("fixed", item.fixed)

    def _particle(self, parent: etree._Element, item: Particle, *, named: bool = False) -> None:
        """`named`: content of a group of its own, where nothing says how many times."""
        if isinstance(item, Several):
            inner = _add(parent, "choice" if item.either else "sequence")
            if not named:
                _occurs(inner, item.occurs)
            for one in item.items:
                self._particle(inner, one)
            return
        if isinstance(item, Other):
            inner = _add(parent, "any", namespace="##local" if item.local else "##other")
            inner.set("processContents", "lax" if item.lax else "skip")
        elif isinstance(item, Group):
            name = item.name if ":" in item.name else f"{_prefix(self._model.namespace)}:{item.name}"
            inner = _add(parent, "group", ref=name)
        elif item.type:
            inner = _add(parent, "element", name=item.name, type=self._known.type(item.type))
            _nillable(inner, item.nillable)
        else:
            inner = _add(parent, "element", ref=item.name)
        _occurs(inner, item.occurs)


def _made_types(table: Mapping[str, Any]) -> Iterator[str]:
    """Names of the types that families make."""
    for parts in table.get("parts", {}).values():
        yield from (f"{parts['prefix']}.{element}" for element in parts["elements"])
    for kind in table.get("intervals", {}):
        yield from (f"SXCM_{kind}", f"IVXB_{kind}", f"IVL_{kind}")


def _entry(parts: Sequence[Model]) -> bytes:
    """The schema to open: every part, and the one element a document starts with."""
    root = _schema(HL7)
    for model in parts:
        _add(root, "include", schemaLocation=f"{model.name}.xsd")
    _add(root, "element", name="ClinicalDocument", type="hl7:ClinicalDocument")
    return _bytes(root, "model/*.yaml", "HL7 CDA R2")


def _schema(namespace: str) -> etree._Element:
    return etree.Element(
        f"{{{_XS}}}schema", targetNamespace=namespace, elementFormDefault="qualified", nsmap=_PREFIXES
    )


def _imports(root: etree._Element, namespace: str, known: Sequence[str]) -> None:
    """Import what the schema refers to, and what it must know (prefixes), before everything but the includes."""
    used = {
        value.partition(":")[0]
        for element in root.iter(etree.Element)
        for name, value in element.attrib.items()
        if name in ("type", "base", "ref", "itemType")
    } | set(known)
    place = sum(child.tag == f"{{{_XS}}}include" for child in root)
    for prefix, uri in _PREFIXES.items():
        if prefix in used and uri not in (namespace, _XS):
            imported = etree.Element(f"{{{_XS}}}import", namespace=uri, schemaLocation=_FILES[uri])
            root.insert(place, imported)
            place += 1


def _bytes(root: etree._Element, model: str, source: str) -> bytes:
    etree.indent(root)
    etree.cleanup_namespaces(root, keep_ns_prefixes=[*_used(root)])
    head = etree.Comment(f" Fait de {model} par harness.xsd.writer : ne pas modifier ici. {source} ")
    root.addprevious(head)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _used(root: etree._Element) -> set[str]:
    """Prefixes that only values of attributes use."""
    return {
        prefix
        for element in root.iter(etree.Element)
        for value in element.attrib.values()
        for prefix in _PREFIXES
        if str(value).startswith(f"{prefix}:")
    } | {"xs"}


def _add(parent: etree._Element, tag: str, **values: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XS}}}{tag}", values)


def _occurs(element: etree._Element, occurs: Occurs) -> None:
    if occurs.low != 1:
        element.set("minOccurs", str(occurs.low))
    if occurs.high != 1:
        element.set("maxOccurs", "unbounded" if occurs.high == MANY else str(occurs.high))


def _nillable(element: etree._Element, nillable: bool) -> None:
    if nillable:
        element.set("nillable", "true")


def _prefix(namespace: str) -> str:
    return next(prefix for prefix, uri in _PREFIXES.items() if uri == namespace)


def _lower(name: str) -> str:
    """Simple types start in lower case, so that a class may have the same name."""
    return name[:1].lower() + name[1:]


if __name__ == "__main__":
    write(folder("datasets") / "schemas/cda")
