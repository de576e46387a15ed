"""The parameter file under /param-lps, which an LPS fetches once a day at least (EX_GEN-1540), redirected if asked.

Its parameters are switches of the session, which the mock's own rules follow. Their names are known, the file's
format is not: ours is XML, or properties by the switch `param_lps_format`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from mock_dmp.mounts import Wsgi, mount
from mock_dmp.pages.recorded import Called, Said, plain, recorded
from mock_dmp.state.engine import Store
from mock_dmp.state.settings import Settings
from protocol import safexml

NAMESPACE: Final = "urn:dmpcompat:param-lps"
#: Name in the file -> switch of the session.
PARAMETERS: Final = {
    "fonctions-gestion-mineurs": "fonctions_gestion_mineurs",
    "age-majorite": "age_majorite",
    "cumul-invisible_patient-masque_ps": "cumul_invisible_patient_masque_ps",
}
#: Where a redirection leads.
_MOVED: Final = "/courant"
_DAY: Final = "max-age=86400"


@mount("/param-lps/")
def site(store: Store) -> Wsgi:
    """The endpoint over one store."""
    return recorded(store, answer)


def answer(called: Called) -> Said:
    """The file, or the redirection that the session wants."""
    if called.method not in ("GET", "HEAD"):
        return plain(
            405, "Le fichier de paramètres se lit.", code="MockMethodNotAllowed", more=(("Allow", "GET"),)
        )
    settings = called.session.settings
    moved = str(settings.switch("param_lps_redirect"))
    path = called.path.rstrip("/")
    if moved != "none" and path != _MOVED:
        return plain(int(moved), "Le fichier est ailleurs.", more=(("Location", called.root + _MOVED),))
    if path not in ("", _MOVED):
        return plain(404, "Aucun fichier à cette adresse.", code="MockUnknownPage")
    if settings.switch("param_lps_format") == "properties":
        return _file("text/plain; charset=utf-8", _properties(settings))
    return _file("application/xml; charset=UTF-8", _xml(settings))


def _file(kind: str, body: bytes) -> Said:
    return Said(200, (("Content-Type", kind), ("Cache-Control", _DAY)), body)


def _values(settings: Settings) -> dict[str, str]:
    """Name -> value as it is written: true, false, or a number."""
    return {name: str(settings.switch(switch)).lower() for name, switch in PARAMETERS.items()}


def _xml(settings: Settings) -> bytes:
    root = etree.Element(f"{{{NAMESPACE}}}parametres", nsmap={None: NAMESPACE})
    for name, value in _values(settings).items():
        etree.SubElement(root, f"{{{NAMESPACE}}}parametre", nom=name, valeur=value)
    return safexml.serialize(root)


def _properties(settings: Settings) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in _values(settings).items()).encode()
