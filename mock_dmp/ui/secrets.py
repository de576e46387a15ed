"""What must not be shown of a session: the numbers declared in it, and those that an exchange carries."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from sqlalchemy import Connection

from mock_dmp.state import directory
from mock_dmp.ui.masking import Masker, is_credential, is_number
from protocol import safexml


def of_session(db: Connection, session: str, more: Iterable[str] = ()) -> Masker:
    """The masker of a session's pages; `more`: other secrets."""
    return Masker([*(number.value for number in directory.declared(db, session)), *more])


def carried(envelope: etree._Element) -> list[str]:
    """Numbers in the VIHF of a message, declared or not, and what it says that only the patient may know."""
    credentials = [
        safexml.text(element)
        for element in envelope.iter(etree.Element)
        if is_credential(etree.QName(element).localname)
    ]
    return credentials + [
        safexml.text(value)
        for attribute in safexml.xpath(envelope, "//saml:Attribute")
        if is_number(attribute.get("Name") or "")
        for value in attribute.iterchildren()
        if isinstance(value.tag, str)
    ]
