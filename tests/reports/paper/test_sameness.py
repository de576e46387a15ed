"""Whatever of a document differs is found, and a document that is sealed is still the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from protocol.errors import DmpcompatError, EvidenceError
from reports.paper.layout import Attachment, available, laid_out

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf

from reports.paper import sameness
from reports.paper.drawing import qr, watermark
from reports.paper.reading import opened, read
from reports.sealing import pades

PAGE = f"""<!doctype html><html lang="fr"><head><title>Rapport</title><meta name="generator" content="essai">
<style>@page {{ background: url("{watermark("TEST")}") }} img {{ image-rendering: pixelated }}</style></head>
<body><h1>Rapport</h1><img src="{qr("x")}" alt="Code"><h2 style="break-before: page">Suite</h2></body></html>"""


def noted(document: pikepdf.Pdf) -> None:
    """A note laid over the page."""
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[0, 0, 200, 50], Contents="Conforme"
    )
    document.pages[0].Annots = document.make_indirect(pikepdf.Array([note]))


def retold(document: pikepdf.Pdf) -> None:
    """Other words for who listens than for who looks."""
    figure = next(
        one for one in document.objects if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure"
    )
    figure.Alt = pikepdf.String("Conforme")


def repainted(document: pikepdf.Pdf) -> None:
    picture = next(
        one for one in document.objects if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image"
    )
    picture.write(bytes(reversed(picture.read_bytes())))


def added_to(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))


def retitled(document: pikepdf.Pdf) -> None:
    packet = document.Root.Metadata
    packet.write(packet.read_bytes().replace(b"Rapport", b"Certificat"))


CHANGES: dict[str, Callable[[pikepdf.Pdf], None]] = {
    "note": noted,
    "words read aloud": retold,
    "picture": repainted,
    "script": added_to,
    "metadata": retitled,
    "page turned": lambda document: document.pages[0].rotate(90, relative=True),
    "page away": lambda document: document.pages.__delitem__(1),
}


@pytest.fixture(scope="module")
def drawn() -> bytes:
    return laid_out(PAGE, [Attachment("a.json", b"{}", "x")], datetime(2026, 3, 1, tzinfo=UTC))


def difference(one: bytes, other: bytes) -> str:
    with opened(one) as sealed, opened(other) as again:
        return sameness.difference(sealed, again)


def changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        change(document)
        document.save(out)
    return out.getvalue()


def test_the_same_page_is_the_same_document(drawn: bytes) -> None:
    again = laid_out(PAGE, [Attachment("a.json", b"{}", "x")], datetime(2026, 3, 1, tzinfo=UTC))
    assert again == drawn
    assert difference(changed(drawn, lambda _: None), drawn) == ""


def test_what_a_seal_adds_is_no_difference(
    drawn: bytes, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
    sealed = pades.seal(drawn, pades.of_folder(), "x")
    assert difference(sealed, drawn) == ""
    with opened(sealed) as one, opened(drawn) as other:
        assert sameness.elsewhere(one, other) is None


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_found(drawn: bytes, change: str) -> None:
    assert difference(changed(drawn, CHANGES[change]), drawn) != ""


def test_another_setting_is_told_and_other_fonts_too(drawn: bytes) -> None:
    def by(name: str, value: str) -> Callable[[pikepdf.Pdf], None]:
        return lambda document: document.docinfo.__setitem__(name, value)

    def renamed(document: pikepdf.Pdf) -> None:
        for one in document.objects:
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor":
                one.FontName = pikepdf.Name("/ABCDEF+Autre")

    for change, word in (
        (by("/Creator", "autre/1"), "autre/1"),
        (by("/Producer", "WeasyPrint 1.0; pyHanko 1"), "WeasyPrint 1.0"),
        (renamed, "Autre"),
    ):
        with opened(changed(drawn, change)) as one, opened(drawn) as other:
            told = sameness.elsewhere(one, other)
            assert told is not None and word in told.en


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\ntrailer<</Root 1 0 R>>\n%%EOF"])
def test_a_broken_document_is_refused_without_a_traceback(drawn: bytes, data: bytes) -> None:
    with pytest.raises(EvidenceError, match="PAPER-002"):
        difference(data, drawn)


ODD: dict[str, Callable[[pikepdf.Pdf], None]] = {
    "no metadata": lambda document: document.Root.__delitem__("/Metadata"),
    "metadata that is none": lambda document: document.Root.Metadata.write(b"<a>"),
    "form that is a list": lambda document: document.Root.__setitem__("/AcroForm", pikepdf.Array([1])),
    "notes that are none": lambda document: document.pages[0].obj.__setitem__("/Annots", pikepdf.Array([3])),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_document_is_refused_without_a_traceback(drawn: bytes, odd: str) -> None:
    try:
        found = difference(changed(drawn, ODD[odd]), drawn)
    except DmpcompatError as problem:
        found = problem.code
    assert found != ""


def test_an_attachment_that_swells_is_refused(drawn: bytes) -> None:
    def swollen(document: pikepdf.Pdf) -> None:
        document.attachments["a.json"].obj.EF.F.write(bytes(20_000_000))

    bomb = changed(drawn, swollen)
    assert len(bomb) < 200_000
    with pytest.raises(EvidenceError, match="PAPER-002"):
        read(bomb)
    assert read(drawn).carried == {"a.json": b"{}"}
