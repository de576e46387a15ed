"""A rule in words, for a reader: what it asks, of what, by which text, how to mend, what it takes and refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness import rule_examples
from harness.checks.rule import Rule, Side
from protocol.errors import Lang, Text

_NAMES: Mapping[Side, Text] = {
    "request": Text("requête", "request"),
    "response": Text("réponse", "response"),
    "both": Text("requête et réponse", "request and response"),
    "connection": Text("connexion", "connection"),
    "document": Text("document CDA", "CDA document"),
    "sequence": Text("suite des requêtes", "sequence of requests"),
    "answers": Text("suite des réponses", "sequence of answers"),
    "aftermath": Text("requêtes qui suivent une panne", "requests after a fault"),
    "watch": Text("requêtes d'une fenêtre surveillée", "requests of a watched window"),
}


def explained(item: Rule[Any], lang: Lang) -> str:
    """A few lines on a rule."""
    french = lang == "fr"
    lines = [
        f"{item.id} — {item.title.to(lang)}",
        f"  {'groupe' if french else 'group'} : {item.group} ; {'porte sur' if french else 'looks at'} : "
        f"{_NAMES[item.side].to(lang)} ({', '.join(item.on)})",
        f"  {'texte' if french else 'clause'} : {item.clause}",
        f"  {'confiance' if french else 'confidence'} : {item.confidence}",
        f"  {'gravité par défaut' if french else 'default severity'} : {item.default}",
    ]
    if item.requirements:
        lines.append(f"  {'exigences' if french else 'requirements'} : {', '.join(item.requirements)}")
    if item.mend.to(lang):
        lines.append(f"  {'remède' if french else 'mend'} : {item.mend.to(lang)}")
    shown = rule_examples.example(item.id)
    if shown is not None:
        lines += [f"  {'accepté' if french else 'accepted'} :", *_indented(shown.good)]
        lines += [f"  {'refusé' if french else 'refused'} :", *_indented(shown.bad)]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]
