"""The INSi stub: by traits, by Vitale data, its codes and its faults; in the journal like any exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from mock_dmp import journal
from mock_dmp.app import MockApp
from mock_dmp.state import sessions, settings
from mock_dmp.state.engine import Store
from protocol import directory, facts, insi

SOAP = f"{{{facts.SOAP12}}}"
RESULT = f"{{{insi.RESULT}}}"
Ask = Callable[..., etree._Element]


def question(root: str, context: bool = True, idam: str = "TEST-IDAM", **values: object) -> bytes:
    """A SOAP question; `root` is RECSANSVITALE or RECVITALE. A value may be a list, or a path `Matricule/Num`."""
    namespace = insi.TRAITS if root == "RECSANSVITALE" else insi.VITALE
    envelope = etree.Element(f"{SOAP}Envelope")
    header = etree.SubElement(envelope, f"{SOAP}Header")
    etree.SubElement(header, f"{{{facts.WSA}}}Action").text = insi.ACTION
    etree.SubElement(header, f"{{{facts.WSA}}}MessageID").text = "uuid:1"
    if context:
        etree.SubElement(header, "{urn:siram:bam:ctxbam}ContexteBAM")
        lps = etree.SubElement(header, "{urn:siram:lps:ctxlps}ContexteLPS")
        product = etree.SubElement(lps, "{urn:siram:lps:ctxlps}LPS")
        etree.SubElement(product, "{urn:siram:lps:ctxlps}IDAM", R="4").text = idam
    payload = etree.SubElement(etree.SubElement(envelope, f"{SOAP}Body"), f"{{{namespace}}}{root}")
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            parent = payload
            for part in name.split("__")[:-1]:
                parent = etree.SubElement(parent, f"{{{namespace}}}{part}")
            etree.SubElement(parent, f"{{{namespace}}}{name.split('__')[-1]}").text = str(one)
    return etree.tostring(envelope)


def traits(family: str, given: object, sex: str, birth: str, **more: object) -> bytes:
    return question("RECSANSVITALE", NomNaissance=family, Prenom=given, Sexe=sex, DateNaissance=birth, **more)


@pytest.fixture
def client(store: Store) -> Client:
    return Client(MockApp(store))


@pytest.fixture
def ask(client: Client) -> Ask:
    def _ask(message: bytes, status: int = 200) -> etree._Element:
        answer = client.post("/insi", data=message, content_type="application/soap+xml")
        assert answer.status_code == status, answer.data
        body = etree.fromstring(answer.data).find(f"{SOAP}Body")
        assert body is not None
        return body[0]

    return _ask


@pytest.fixture
def change(store: Store, client: Client) -> Callable[..., None]:
    def _change(**values: object) -> None:
        with store.write() as db:
            settings.change(db, "default", values)

    return _change


def code(answer: etree._Element) -> str:
    return str(answer.findtext(f"{RESULT}CR/{RESULT}CodeCR"))


def number(answer: etree._Element, which: str = "INSACTIF") -> list[str]:
    found = answer.findall(f"{RESULT}INDIVIDU/{RESULT}{which}")
    inside = f"{RESULT}IdIndividu/{RESULT}"
    return [f"{one.findtext(f'{inside}NumIdentifiant')}{one.findtext(f'{inside}Cle')}" for one in found]


def fault(answer: etree._Element) -> tuple[str, str]:
    """Subcode without its prefix, and code of the siram:Erreur."""
    subcode = answer.findtext(f"{SOAP}Code/{SOAP}Subcode/{SOAP}Value", "")
    detail = answer.find(f"{SOAP}Detail/{{{insi.SIRAM}}}Erreur")
    assert detail is not None and detail.get("severite") and detail.text
    return subcode.removeprefix("soap:"), str(detail.get("code"))


@pytest.mark.parametrize(
    ("message", "expected", "found"),
    [
        (traits("L'AUBE D'ESSAI", "M'HAMED", "M", "1971-04-12"), "00", "171046399940162"),
        (traits("CORSEDUSUD", "DOMINIQUE", "F", "1997-02-26"), "00", "297022A99930191"),
        (traits("HAUTECORSE", "TOUSSAINT", "M", "1960-01-01"), "00", "160012B99930224"),
        (traits("LUNE", "AICHA", "F", "1952-00-00"), "00", "252209999940925"),
        (traits("ABSENTE", "NADINE", "F", "1969-12-24"), "00", "269126399920249"),
        (traits("francoise-a-l'ile", "maite", "F", "1993-05-30"), "00", ""),
        (traits("HOMONYME", "CLAUDE", "M", "1973-02-11", LieuNaissance="33999"), "00", ""),
        (traits("HOMONYME", "CLAUDE", "M", "1973-02-11"), "02", ""),
        (traits("PRENOMS", "ODA", "F", "1936-06-21"), "01", ""),
        (traits("PRENOMS", "CORALINE", "F", "1936-06-21"), "00", ""),
        (traits("PRENOMS", ["CORALINE", "BERTILLE"], "F", "1936-06-21"), "00", ""),
        (traits("PRENOMS", "CORALINE BERTILLE", "F", "1936-06-21"), "00", ""),
        (traits("PERSONNE", "PAUL", "M", "1993-01-27"), "01", ""),
        (traits("DUREE", "EUGENIE", "F", "1920-05-14"), "01", ""),  # a usual name is no trait
    ],
)
def test_by_traits(ask: Ask, message: bytes, expected: str, found: str) -> None:
    answer = ask(message)
    assert code(answer) == expected
    assert len(number(answer)) == (1 if expected == "00" else 0)
    assert not found or number(answer) == [found]
    assert answer.findtext(f"{RESULT}CR/{RESULT}LibelleCR")


def test_the_whole_individual(ask: Ask) -> None:
    answer = ask(traits("HISTORIQUE", "PIERRE-ALAIN", "M", "2001-07-14"))
    person = answer.find(f"{RESULT}INDIVIDU")
    assert person is not None
    assert [etree.QName(child).localname for child in person] == ["INSACTIF", "INSHISTO", "INSHISTO", "TIQ"]
    oids = {one.text for one in person.iter(f"{RESULT}OID")}
    assert oids == {facts.OID_INS_TEST}
    assert len(set(number(answer) + number(answer, "INSHISTO"))) == 3
    told = {etree.QName(child).localname: child.text for child in person[-1]}
    assert told == {
        "NomNaissance": "HISTORIQUE",
        "Prenom": "PIERRE-ALAIN",
        "ListePrenom": "PIERRE-ALAIN",
        "Sexe": "M",
        "DateNaissance": "2001-07-14",
        "LieuNaissance": "63999",
    }


def test_answers_carry_no_accent_nor_ligature(ask: Ask, change: Callable[..., None]) -> None:
    change(insi_strict_characters=False)
    answer = ask(traits("D'ÆGIDE", "CŒLIA", "F", "1987-03-01"))
    assert answer.findtext(f".//{RESULT}NomNaissance") == "D'AEGIDE"
    assert answer.findtext(f".//{RESULT}ListePrenom") == "COELIA LAETITIA"


@pytest.mark.parametrize(
    ("family", "given"), [("D'ÆGIDE", "COELIA"), ("D'AEGIDE", "CŒLIA"), ("DUPONT1", "A")]
)
def test_characters_that_the_service_does_not_take(ask: Ask, family: str, given: str) -> None:
    assert fault(ask(traits(family, given, "F", "1987-03-01"), 500)) == ("siram_40", "insi_102")


def test_by_vitale_data(ask: Ask) -> None:
    card = {
        "MatriculeOD__NumIdentifiant": "2800563999101",
        "DateNaissance": "1980-05-14",
        "RangNaissance": "1",
    }
    assert number(ask(question("RECVITALE", **card))) == ["280056399910181"]
    named = ask(question("RECVITALE", **card, NomNaissance="AUTORISEE"))
    assert code(named) == "00"
    assert code(ask(question("RECVITALE", **card, NomNaissance="AUTRE"))) == "01"
    child = card | {"DateNaissance": "2014-01-30", "MatriculeIndividu__NumIdentifiant": "2140163999508"}
    answer = ask(question("RECVITALE", **child))
    assert answer.findtext(f".//{RESULT}NomNaissance") == "ENFANT"
    assert code(ask(question("RECVITALE", **card | {"DateNaissance": "1980-05-15"}))) == "01"
    assert code(ask(question("RECVITALE", **card | {"MatriculeOD__NumIdentifiant": "12"}))) == "01"


def test_an_older_number_leads_to_the_active_one(ask: Ask) -> None:
    known = directory.patients()["ins-historique"]
    card = {"MatriculeOD__NumIdentifiant": known.other_ins[0].number[:13], "DateNaissance": "2001-07-14"}
    assert number(ask(question("RECVITALE", **card))) == [known.ins.number]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"<a/>", ("siram_40", "mock_message")),
        (b"", ("siram_40", "mock_message")),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", ("siram_40", "mock_message")),
        (question("AUTRE"), ("siram_40", "mock_message")),
        (question("RECSANSVITALE", False), ("siram_40", "mock_contexte")),
        (traits("LUNE", "AICHA", "F", "01/01/1952"), ("siram_40", "mock_date")),
        (traits("", "AICHA", "F", "1952-01-01"), ("siram_40", "mock_traits")),
        (traits("LUNE", "AICHA", "X", "1952-01-01"), ("siram_40", "mock_traits")),
        (traits("LUNE", "", "F", "1952-01-01"), ("siram_40", "mock_traits")),
        (traits("LUNE", "AICHA", "F", "1952-00-00", idam=""), ("siram_100", "desir_550")),
    ],
)
def test_faults(ask: Ask, message: bytes, said: tuple[str, str]) -> None:
    assert fault(ask(message, 500)) == said


def test_an_unknown_software_number(ask: Ask, change: Callable[..., None]) -> None:
    change(insi_idam="AAA-1")
    asked = ("LUNE", "AICHA", "F", "1952-00-00")
    assert fault(ask(traits(*asked, idam="BBB-2"), 500)) == ("siram_100", "desir_550")
    assert code(ask(traits(*asked, idam="AAA-1"))) == "00"


def test_no_production_domain_is_ever_given(store: Store, ask: Ask) -> None:
    """The control API refuses such a patient; were one there all the same, it is not told."""
    real = directory.patients()["corse"]
    with store.write() as db:
        sessions.seed_patient(db, "default", replace(real, ins=replace(real.ins, oid=facts.OID_INS_NIR)))
    answer = ask(traits("CORSEDUSUD", "DOMINIQUE", "F", "1997-02-26"))
    assert code(answer) == "01"


def test_the_journal_has_both_sides(store: Store, client: Client, ask: Ask) -> None:
    sessions.create(store, "x")
    message = traits("LUNE", "AICHA", "F", "1952-00-00")
    answer = client.post("/s/x/insi", data=message, content_type="application/soap+xml")
    client.post("/s/x/insi", data=b"<a/>", content_type="application/soap+xml")
    with store.read() as db:
        first, second = journal.listing(db, "x")
    assert (first["outcome"], second["outcome"], second["code"]) == ("answered", "refused", "mock_message")
    exchange = journal.exchange(store, "x", first["id"])
    assert exchange is not None and exchange.response is not None
    assert (exchange.request.body, exchange.response.body) == (message, answer.data)
    related = etree.fromstring(answer.data).findtext(f".//{{{facts.WSA}}}RelatesTo")
    assert related == "uuid:1"
    with store.read() as db:
        assert journal.listing(db, "default") == []


def test_only_post(client: Client) -> None:
    refused: TestResponse = client.get("/insi")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert client.post("/s/nulle-part/insi", data=b"x").status_code == 404
