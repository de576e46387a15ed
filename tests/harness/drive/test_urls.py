"""Addresses of Web-PS: right, then wrong on purpose."""

from __future__ import annotations

import pytest

from harness.drive import urls
from protocol import directory
from protocol.errors import UsageError
from protocol.webps import TRANSACTIONS

A = "actif-autorise"
INS = directory.patients()[A].ins.number
RIGHT = f"/AccesDirect/DossierPatient/{INS}"


def path(*alterations: str) -> str:
    return urls.build("TD0.9", "DossierPatient", A, alterations=alterations).path


def test_an_address_is_the_page_and_the_ins() -> None:
    message = urls.build("TD0.9", "DossierPatient", A)
    assert (message.method, message.path, message.body) == ("GET", RIGHT, b"")
    assert message.fact("patient").startswith(INS)
    assert urls.build("TD0.10", "TableauDeBord").path == "/AccesDirect/TableauDeBord"
    assert urls.transactions() == TRANSACTIONS


def test_each_mistake_is_one() -> None:
    known = urls.defects()
    written = {name: path(name) for name in known}
    assert len({*written.values(), RIGHT}) == len(known) + 1
    assert written["url-without-ins"] == "/AccesDirect/DossierPatient"
    assert written["url-ins-in-query"] == f"/AccesDirect/DossierPatient?INS={INS}"
    assert written["url-page-case"] == f"/AccesDirect/dossierpatient/{INS}"
    assert "%25" in written["url-encoded-twice"]
    assert "AUTORISEE" in written["url-traits"]
    assert "<" not in written["url-injection"]
    assert all(one.text.fr != one.text.en for one in known.values())
    assert len({one.text.fr for one in known.values()}) == len(known)


def test_mistakes_add_up() -> None:
    assert path("url-page-case", "url-without-ins") == "/AccesDirect/dossierpatient"


def test_forms_and_cookies() -> None:
    message = urls.post("TD0.9", "/AccesDirect/Parametrages", {"a": "é &"}, {"c": "1", "d": "2"})
    assert message.body == b"a=%C3%A9+%26"
    assert ("Cookie", "c=1; d=2") in message.headers
    assert ("Content-Type", "application/x-www-form-urlencoded") in message.headers
    assert "Cookie" not in dict(urls.get("TD0.9", "/AccesDirect/Parametrages").headers)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("TD0.2", "DossierPatient", A), "DRIVE-001"),
        (("TD0.9", "DossierPatient", "personne"), "SUBJ-002"),
        (("TD0.9", "DossierPatient", "280056399910181^^^&1.2.250.1.213.1.4.8&ISO^NH"), "SUBJ-001"),
    ],
)
def test_what_cannot_be_written(arguments: tuple[str, str, str], code: str) -> None:
    with pytest.raises(UsageError) as told:
        urls.build(*arguments)
    assert told.value.code == code


def test_an_unknown_mistake_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="url-without-ins"):
        path("url-without-in")
