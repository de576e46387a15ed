"""A sealed PDF outlives its certificates as long as it is stamped again in time; no other update passes for that."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from protocol.errors import ConfigError, EvidenceError, UsageError
from reports.paper.layout import available
from tests.reports.sealing.conftest import BEGIN, YEAR, Authority

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from reports.sealing import documents, pades, renewing
from reports.sealing.pades import Sealing
from reports.sealing.stamping import Stamper
from reports.sealing.unit import unit_of


@pytest.fixture
def side(authority: Callable[[str], Authority]) -> Authority:
    """A seal of two years; one unit of two years, another of the years after."""
    made = authority("x509")
    made.issue("seal", BEGIN, BEGIN + 2 * YEAR)
    made.issue("timestamp", BEGIN, BEGIN + 2 * YEAR, stamps=True)
    made.issue("later", BEGIN + YEAR, BEGIN + 9 * YEAR, stamps=True)
    return made


def at(side: Authority, moment: datetime, unit: str = "timestamp") -> Sealing:
    """The seal as it was used at that moment, with that unit."""
    folder = documents.of_folder(side.place)
    source = unit_of(side.place / f"{unit}.pem", side.place / f"{unit}.key", moment)
    stamper = pades.asked(Stamper(source, folder.roots, documents.revoked(side.place)))
    return replace(pades.of(folder), stamper=stamper, believed=pades.believing(side.place, moment))


@pytest.fixture
def sealed(side: Authority) -> bytes:
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(page)
    return pades.seal(page.getvalue(), at(side, BEGIN + YEAR / 2), "essai")


def test_it_holds_as_long_as_its_time_stamp(side: Authority, sealed: bytes) -> None:
    said = pades.verify(sealed, pades.believing(side.place, BEGIN + YEAR))
    assert (said.at, said.signer) == (BEGIN + YEAR / 2, "seal")
    with pytest.raises(EvidenceError, match="PADES-005"):
        pades.verify(sealed, pades.believing(side.place, BEGIN + 3 * YEAR))


def test_stamped_again_in_time_it_outlives_the_certificates(side: Authority, sealed: bytes) -> None:
    again = renewing.renewed(sealed, at(side, BEGIN + 1.5 * YEAR, "later"))
    assert again.startswith(sealed)
    assert renewing.until(again) == BEGIN + 9 * YEAR
    for moment in (BEGIN + 1.6 * YEAR, BEGIN + 3 * YEAR, BEGIN + 8 * YEAR):
        said = pades.verify(again, pades.believing(side.place, moment))
        assert said.at == BEGIN + YEAR / 2  # when it was sealed, whenever it is looked at
    with pytest.raises(EvidenceError, match="PADES-005"):
        pades.verify(again, pades.believing(side.place, BEGIN + 10 * YEAR))
    third = renewing.renewed(again, at(side, BEGIN + 4 * YEAR, "later"))
    assert pades.verify(third, pades.believing(side.place, BEGIN + 8 * YEAR)).at == BEGIN + YEAR / 2


def test_once_it_is_too_late_it_is_not_stamped_again(side: Authority, sealed: bytes) -> None:
    with pytest.raises(EvidenceError, match="PADES-005"):
        renewing.renewed(sealed, at(side, BEGIN + 3 * YEAR, "later"))


def test_a_stamp_by_an_authority_not_believed_prolongs_nothing(
    side: Authority, sealed: bytes, authority: Callable[[str], Authority]
) -> None:
    stranger = authority("stranger")
    stranger.issue("later", BEGIN, BEGIN + 9 * YEAR, stamps=True)
    moment = BEGIN + 1.5 * YEAR
    mixed = replace(
        at(side, moment),
        stamper=at(stranger, moment, "later").stamper,
    )
    with pytest.raises(ConfigError, match="PADES-011"):
        renewing.renewed(sealed, mixed)


def updated(change: Callable[[IncrementalPdfFileWriter], None]) -> Callable[[bytes], bytes]:
    """An incremental update, as an editor makes it."""

    def tamper(data: bytes) -> bytes:
        stream = io.BytesIO(data)
        writer = IncrementalPdfFileWriter(stream)
        change(writer)
        writer.write_in_place()
        return stream.getvalue()

    return tamper


def turned(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = writer.root["/Pages"]["/Count"]
    writer.update_container(page)


def spoken(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/Lang"] = pdf_string("en")
    writer.update_root()


def test_no_byte_is_hidden_in_the_room_of_a_signature(side: Authority, sealed: bytes) -> None:
    """No signature covers that room, of which some is left."""
    room = max(match.start() for match in re.finditer(rb"0{500}", sealed)) + 100
    believed = pades.believing(side.place, BEGIN + YEAR)
    for hidden in (b"1", b" ", b"\n", b">", b"%"):
        with pytest.raises(EvidenceError, match="PADES-00"):
            pades.verify(sealed[:room] + hidden + sealed[room + 1 :], believed)
    assert pades.verify(sealed, believed)


@pytest.mark.parametrize("place", range(0, 100, 4))
def test_no_byte_of_a_sealed_document_can_change(side: Authority, sealed: bytes, place: int) -> None:
    altered = bytearray(sealed)
    altered[place * len(sealed) // 100] ^= 1
    with pytest.raises(EvidenceError, match="PADES-00"):
        pades.verify(bytes(altered), pades.believing(side.place, BEGIN + YEAR))


@pytest.mark.parametrize("change", [turned, spoken])
@pytest.mark.parametrize("prolonged", [False, True], ids=["sealed", "prolonged"])
def test_no_other_update_is_valid(
    side: Authority, sealed: bytes, prolonged: bool, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    data = renewing.renewed(sealed, at(side, BEGIN + 1.5 * YEAR, "later")) if prolonged else sealed
    with pytest.raises(EvidenceError, match="PADES-00"):
        pades.verify(updated(change)(data), pades.believing(side.place, BEGIN + 1.6 * YEAR))


@pytest.mark.parametrize("change", [turned, spoken])
def test_an_update_is_not_whitewashed_by_a_time_stamp_after_it(
    side: Authority, sealed: bytes, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    """Whoever changes the document has it stamped by the very authority that is believed."""
    moment = BEGIN + 1.5 * YEAR
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import PdfTimeStamper

    out = io.BytesIO()
    told = at(side, moment, "later")
    PdfTimeStamper(told.stamper).update_archival_timestamp_chain(
        PdfFileReader(io.BytesIO(updated(change)(sealed))),
        told.believed.context(),
        in_place=False,
        output=out,
    )
    with pytest.raises(EvidenceError, match="PADES-00"):
        pades.verify(out.getvalue(), pades.believing(side.place, moment + YEAR))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"


def test_a_file_is_prolonged_in_place_or_not_at_all(home: Path, tmp_path: Path) -> None:
    page = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(page)
    path = tmp_path / "rapport.pdf"
    path.write_bytes(pades.seal(page.getvalue(), pades.of_folder(), "essai"))
    before = path.read_bytes()
    assert renewing.renew(path) > "2030"
    assert path.read_bytes().startswith(before)
    path.write_bytes(page.getvalue())
    with pytest.raises(EvidenceError):
        renewing.renew(path)
    assert path.read_bytes() == page.getvalue()
    with pytest.raises(UsageError, match="STAMP-007"):
        renewing.renew(tmp_path / "run.json")
    assert home.is_dir()
