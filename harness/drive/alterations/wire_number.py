"""Defects of the wire number (LPS_ID_HOMOLOGATION_DMP)."""

from __future__ import annotations

from dataclasses import replace

from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol import directory
from protocol.errors import Text, UsageError

#: A number that no data set has.
UNKNOWN = "TEST-UNKNOWN-0"


@alteration("wire-number-absent", stage="params", fr="VIHF sans numéro d'homologation", en="no wire number")
def absent(draft: Draft) -> None:
    _set(draft, "")


@alteration(
    "wire-number-unknown", stage="params", fr="numéro d'homologation inconnu", en="unknown wire number"
)
def unknown(draft: Draft) -> None:
    _set(draft, UNKNOWN)


@alteration(
    "wire-number-other-family",
    stage="params",
    fr="numéro d'homologation d'une autre famille de logiciels",
    en="wire number of another family of software",
)
def other_family(draft: Draft) -> None:
    _known(draft, "TEST-OTHER-FAMILY")


@alteration(
    "wire-number-suspended", stage="params", fr="numéro d'homologation suspendu", en="suspended wire number"
)
def suspended(draft: Draft) -> None:
    _known(draft, "TEST-SUSPENDED")


@alteration(
    "wire-number-revoked", stage="params", fr="numéro d'homologation révoqué", en="revoked wire number"
)
def revoked(draft: Draft) -> None:
    _known(draft, "TEST-REVOKED")


@alteration(
    "wire-number-temporary",
    stage="params",
    fr="numéro d'homologation provisoire (-tmp)",
    en="temporary wire number (-tmp)",
)
def temporary(draft: Draft) -> None:
    _known(draft, "TEST-TMP-1")


@alteration(
    "wire-number-other-profile",
    stage="params",
    fr="numéro d'homologation valable pour un autre profil seulement",
    en="wire number good for another profile only",
    on=("TD2.1", "TD3.1", "TD3.2", "TD3.3c"),
)
def other_profile(draft: Draft) -> None:
    feeding = draft.transaction in ("TD2.1", "TD3.3c")
    _known(draft, "TEST-CONS-ONLY" if feeding else "TEST-ALIM-ONLY")


def _known(draft: Draft, key: str) -> None:
    number = directory.numbers().get(key)
    if number is None:
        raise UsageError(
            "ALTER-004", Text("numéro d'essai absent des données", "test number missing"), found=key
        )
    _set(draft, number.value)


def _set(draft: Draft, number: str) -> None:
    draft.lps = replace(draft.lps, wire_number=number)


@alteration(
    "wire-number-leaked",
    stage="headers",
    fr="numéro d'homologation écrit aussi dans l'en-tête User-Agent",
    en="wire number written in the User-Agent header too",
)
def leaked(draft: Draft) -> None:
    draft.headers["User-Agent"] = f"{draft.lps.name}/{draft.lps.version} ({draft.lps.wire_number})"
