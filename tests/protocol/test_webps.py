"""The pages of Web-PS, as data."""

from __future__ import annotations

from protocol.transactions import load
from protocol.webps import PREFIX, TRANSACTIONS, pages, removed


def test_the_nine_pages_and_those_that_are_gone() -> None:
    assert len(pages()) == 9
    assert {name: one.ins for name, one in pages().items() if one.ins != "required"} == {
        "TableauDeBord": "optional",
        "Parametrages": "none",
    }
    assert removed()
    assert not removed() & pages().keys()


def test_each_page_has_its_words_and_names_transactions_that_exist() -> None:
    for one in pages().values():
        assert one.title.fr != one.title.en or one.name == "Documents"
        assert set(one.replaces) <= set(load().ids())


def test_the_transactions_are_addresses() -> None:
    assert PREFIX == "/AccesDirect/"
    assert [load().by_id(one).message for one in TRANSACTIONS] == ["url", "url"]
