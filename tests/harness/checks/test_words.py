"""What rules find and expect is shown by reports of both languages: no value is French alone."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import harness.checks
from harness.checks import api
from harness.checks.cda_view import CdaView
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
SOURCES = sorted(Path(harness.checks.__file__).parent.glob("*.py"))
#: Letters that English has not, and words that have none of them.
FRENCH = re.compile(
    r"[éèêàçùôîœÉÈÊÀÇÙÔÎ]"
    r"|\bAAAA|\bl'un\b"
    r"|\b(?:texte|vide|neuf|octets|sexe|entier|lot|fiche|valeur|nom|sans|dont|appel|enfants|parties|aucun|ligne)\b"
)
#: The explanation of a rule is written in the language it is asked for: it makes no value of a finding.
ELSEWHERE = {"explaining.py"}


def is_french_alone(value: str) -> bool:
    return bool(FRENCH.search(value)) and " / " not in value


def _literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts a finding may carry: those of functions and constants, but for docstrings, Text pairs, what
    decorators say (title, mend, clause), and the constants that only decorators use."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    said = [part for one in functions for decorator in one.decorator_list for part in ast.walk(decorator)]
    left = {id(part) for part in said}
    loaded = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    ]
    shown = {node.id for node in loaded if id(node) not in left}
    for node in ast.walk(tree):
        bare = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        pair = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text"
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        unshown = node in tree.body and isinstance(target, ast.Name) and target.id not in shown
        if bare or pair or unshown:
            left |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in left:
            left |= {id(part) for part in node.values}
            pieces = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield node.lineno, "".join(str(piece) for piece in pieces)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left:
            yield node.lineno, node.value


@pytest.mark.parametrize(
    "source", [one for one in SOURCES if one.name not in ELSEWHERE], ids=lambda one: one.stem
)
def test_no_value_of_a_finding_is_french_alone(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert [(line, text) for line, text in _literals(tree) if is_french_alone(text)] == []


def test_a_shared_constant_is_french_only_where_it_is_a_clause() -> None:
    """A constant of another module is out of reach of the scan above: only clauses may be French."""
    french = {
        name
        for module in pkgutil.iter_modules(harness.checks.__path__)
        for name, value in vars(importlib.import_module(f"harness.checks.{module.name}")).items()
        if isinstance(value, str) and name.isupper() and is_french_alone(value)
    }
    assert french <= {"BEYOND", "CLAUSE", "REQUEST", "ANSWER", "SPECIALTY_FORM", "WIRE", "SM"}


@pytest.mark.parametrize(
    "code",
    [
        'def rule(view):\n    yield verdict(True, "", "", "préfixe déclaré")',
        'def rule(view):\n    yield verdict(True, "", f"{len(view)} enfants", "0")',
        'WORDS = ("sexe",)\ndef rule(view):\n    yield failed("", "", WORDS[0])',
    ],
)
def test_the_scan_sees_french(code: str) -> None:
    assert [text for _, text in _literals(ast.parse(code)) if is_french_alone(text)]


def test_a_document_that_cant_be_read_says_it_in_both_languages() -> None:
    (finding,) = api.judge_document(b"<a><b></a>", "x.xml", only=["CDA-READABLE"])
    assert finding.status == "FAIL"
    assert finding.found.startswith("XML-SYNTAX: le XML n'est pas bien formé / the XML is not well-formed")
    assert "line 1, column" in finding.found
    assert " / " in CdaView(b"", "x.xml").trouble


def test_a_message_that_cant_be_read_says_it_in_both_languages(make: Make) -> None:
    exchange = make("TD0.2")
    broken = replace(exchange, request=replace(exchange.request, body=b"<a><b></a>"))
    found = [
        item
        for item in api.judge(broken, load().by_id("TD0.2"), only=["SOAP-READABLE"])
        if item.status == "FAIL"
    ]
    assert found
    assert "the XML is not well-formed" in found[0].found


def test_the_start_of_a_body_is_shown_as_octets() -> None:
    body = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody>'
    body += b'<text mediaType="application/pdf" representation="B64">Q29tcHRlIHJlbmR1</text>'
    body += b"</nonXMLBody></component></ClinicalDocument>"
    (finding,) = api.judge_document(body, "x.xml", only=["BODY-TYPE"])
    assert (finding.status, finding.found) == ("FAIL", "43 6f 6d 70 74 65 20 72 |Compte r|")
