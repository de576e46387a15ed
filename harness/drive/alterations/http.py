"""Defects of the HTTP request and of its bytes."""

from __future__ import annotations

from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft

#: Size of the body of `huge-body`, in bytes.
HUGE = 200 * 1024 * 1024


@alteration("wrong-content-type", stage="headers", fr="Content-Type text/plain", en="Content-Type text/plain")
def wrong_content_type(draft: Draft) -> None:
    draft.headers["Content-Type"] = "text/plain; charset=UTF-8"


@alteration("no-content-type", stage="headers", fr="aucun Content-Type", en="no Content-Type")
def no_content_type(draft: Draft) -> None:
    del draft.headers["Content-Type"]


@alteration("empty-body", stage="bytes", fr="corps HTTP vide", en="empty HTTP body")
def empty_body(draft: Draft) -> None:
    draft.body = b""


@alteration("not-xml", stage="bytes", fr="corps HTTP qui n'est pas du XML", en="HTTP body that is not XML")
def not_xml(draft: Draft) -> None:
    draft.body = b"%PDF-1.4 ceci n'est pas un message"


@alteration("truncated-body", stage="bytes", fr="corps HTTP coupé à moitié", en="HTTP body cut in the middle")
def truncated_body(draft: Draft) -> None:
    draft.body = draft.body[: len(draft.body) // 2]


@alteration("huge-body", stage="bytes", fr="corps HTTP de 200 Mo", en="HTTP body of 200 MB")
def huge_body(draft: Draft) -> None:
    # White space after the message: legal XML or epilogue, so that only the size is wrong.
    draft.body += b" " * (HUGE - len(draft.body))


@alteration("unknown-path", stage="headers", fr="chemin de service inconnu", en="unknown path of service")
def unknown_path(draft: Draft) -> None:
    draft.path = draft.path.rpartition("/")[0] + "/inconnu"
