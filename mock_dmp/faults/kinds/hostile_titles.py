"""Fault hostile-titles: titles that attack whoever shows or stores them."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text

_TITLES = {
    "html": "<img src=x onerror=alert(1)><script>alert(document.domain)</script>",
    "rtl": "Compte rendu \u202efdp.exe\u202c du 12/03",
    "long": "Compte rendu " + "très " * 2000 + "long",
    "controls": "Compte\u0085rendu\u200b\ufeff\t\u2028caché",
    "sql": "Robert'); DROP TABLE documents;--",
    "template": "{{7*7}} ${7*7} %s%n <%= 7*7 %>",
    "path": "../../../../etc/passwd",
    "empty": "",
}


@fault(
    "hostile-titles",
    family="content",
    text=Text(
        "Des titres de documents hostiles : HTML, sens d'écriture, dix mille caractères, contrôles, SQL…",
        "Hostile titles of documents: HTML, writing direction, ten thousand characters, controls, SQL…",
    ),
    reaction=Text(
        "Montrer le texte comme du texte ; ne rien exécuter, ne pas se figer",
        "Show the text as text; execute nothing, do not freeze",
    ),
    stage="envelope",
    parameters=(
        Parameter("style", "html", Text("genre de titre", "kind of title"), values=(*_TITLES, "all")),
    ),
    confidence="C",
)
def hostile(answering: Answering, *, style: str) -> None:
    titles = list(_TITLES.values()) if style == "all" else [_TITLES[style]]
    found = answering.nodes("soap:Body/*/rim:RegistryObjectList/*/rim:Name/rim:LocalizedString")
    for rank, label in enumerate(found):
        label.set("value", titles[rank % len(titles)])
    for family in answering.nodes("soap:Body//hl7:patientPerson/hl7:name/hl7:family"):
        family.text = titles[0]
