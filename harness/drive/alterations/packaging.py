"""Defects, and legal oddities, of the multipart packaging of TD2.1."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

from harness.drive.alterations import pick
from harness.drive.alterations.registry import Apply, alteration
from harness.drive.draft import Draft
from harness.drive.multipart import OutPart, Packaging, href
from protocol import safexml

_ON = ("TD2.1", "TD2.2")


@alteration(
    "truncated-multipart",
    stage="bytes",
    fr="multipart coupé au milieu d'une partie",
    en="multipart cut in the middle of a part",
    on=_ON,
)
def truncated(draft: Draft) -> None:
    draft.body = draft.body[: len(draft.body) - max(len(draft.attachments[-1].content_id) + 40, 80)]


@alteration(
    "wrong-boundary",
    stage="packaging",
    fr="frontière annoncée différente de la vraie",
    en="announced boundary differs from the real one",
    on=_ON,
)
def wrong_boundary(draft: Draft) -> None:
    draft.packaging = replace(draft.packaging, announced_boundary="=_une_autre")


@alteration(
    "missing-part",
    stage="packaging",
    fr="partie d'un document absente du multipart",
    en="part of a document missing from the multipart",
    on=_ON,
)
def missing_part(draft: Draft) -> None:
    del draft.attachments[0]


@alteration(
    "cid-mismatch",
    stage="packaging",
    fr="Content-ID différent de la référence xop:Include",
    en="Content-ID differs from the xop:Include reference",
    on=_ON,
)
def cid_mismatch(draft: Draft) -> None:
    draft.attachments[0] = replace(draft.attachments[0], content_id="autre@lps.invalid")


@alteration(
    "inline-base64",
    stage="packaging",
    fr="document en base64 dans l'enveloppe au lieu d'une partie (légal)",
    en="document as base64 in the envelope instead of a part (legal)",
    on=_ON,
)
def inline(draft: Draft) -> None:
    documents = safexml.xpath(draft.tree("envelope"), "//xds:Document")
    for document, part in zip(documents, draft.attachments, strict=True):
        for child in list(document):
            pick.drop(child)
        content = part.content if isinstance(part.content, bytes) else part.content.read_bytes()
        document.text = base64.b64encode(content).decode("ascii")
    draft.attachments.clear()


@alteration(
    "no-content",
    stage="envelope",
    fr="élément Document sans contenu",
    en="Document element without any content",
    on=_ON,
)
def no_content(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//xds:Document/xop:Include"))


@alteration(
    "duplicate-content-id",
    stage="packaging",
    fr="deux parties de même Content-ID",
    en="two parts with the same Content-ID",
    on=_ON,
)
def duplicate_id(draft: Draft) -> None:
    twin = replace(draft.attachments[0], content=b"<autre/>")
    draft.packaging = replace(draft.packaging, extra=(twin,))


@alteration(
    "simple-soap",
    stage="packaging",
    fr="message sans multipart, références cid sans parties",
    en="message without multipart, cid references without parts",
    on=_ON,
)
def simple_soap(draft: Draft) -> None:
    draft.mtom = False


@alteration(
    "too-many-parts",
    stage="packaging",
    fr="deux cents parties que rien ne référence",
    en="two hundred parts that nothing refers to",
    on=_ON,
)
def too_many(draft: Draft) -> None:
    parts = tuple(OutPart(f"vide{n}@lps.invalid", b"", "text/plain") for n in range(200))
    draft.packaging = replace(draft.packaging, extra=parts)


@alteration(
    "colon-content-id",
    stage="packaging",
    fr="Content-ID avec deux-points, encodé dans la référence (légal)",
    en="Content-ID with colons, encoded in the reference (legal)",
    on=_ON,
)
def colons(draft: Draft) -> None:
    for include, rank in zip(
        safexml.xpath(draft.tree("envelope"), "//xds:Document/xop:Include"),
        range(len(draft.attachments)),
        strict=True,
    ):
        content_id = f"urn:uuid:{draft.ids.uuid()}"
        draft.attachments[rank] = replace(draft.attachments[rank], content_id=content_id)
        include.set("href", href(content_id, draft.packaging))


def _oddity(name: str, fr: str, en: str, change: Callable[[Packaging], Packaging]) -> Apply:
    def apply(draft: Draft) -> None:
        draft.packaging = change(draft.packaging)

    return alteration(name, stage="packaging", fr=fr, en=en, on=_ON)(apply)


_oddity(
    "with-preamble",
    "préambule avant la première frontière (légal)",
    "preamble before the first boundary (legal)",
    lambda how: replace(how, preamble=b"Content-Type: multipart/related\r\nMIME-Version: 1.0\r\n"),
)
_oddity(
    "without-start",
    "multipart sans paramètre start (légal)",
    "multipart without a start parameter (legal)",
    lambda how: replace(how, with_start=False),
)
_oddity(
    "root-last",
    "partie racine en dernier, désignée par start (légal)",
    "root part last, named by start (legal)",
    lambda how: replace(how, root_first=False),
)
_oddity(
    "lower-case-headers",
    "en-têtes de parties en minuscules (légal)",
    "part headers in lower case (legal)",
    lambda how: replace(how, lower_case_headers=True),
)
_oddity(
    "wrong-start",
    "paramètre start qui ne désigne aucune partie",
    "start parameter that names no part",
    lambda how: replace(how, announced_start="personne@lps.invalid"),
)
_oddity(
    "bare-line-feeds",
    "fins de ligne LF seules dans le multipart",
    "bare line feeds in the multipart",
    lambda how: replace(how, newline=b"\n"),
)
_oddity(
    "unclosed-multipart",
    "frontière finale absente",
    "last boundary missing",
    lambda how: replace(how, close=False),
)
_oddity(
    "root-not-xop",
    "partie racine qui n'est pas application/xop+xml",
    "root part that is not application/xop+xml",
    lambda how: replace(how, root_media="text/plain"),
)


@alteration(
    "base64-part",
    stage="packaging",
    fr="partie transférée en base64 (légal)",
    en="part transferred in base64 (legal)",
    on=_ON,
)
def base64_part(draft: Draft) -> None:
    draft.attachments[0] = replace(draft.attachments[0], encoding="base64")
