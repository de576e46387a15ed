"""The verdict of each layer, never mixed."""

from __future__ import annotations

from harness.checks import api
from harness.checks.cda_official import NOTHING_FIRED
from harness.checks.rule import Finding, Status
from harness.files.layers import NATIVE, OFFICIAL, layers_of
from harness.files.record import from_plain, plain, recorded


def finding(rule: str, status: Status, found: str = "x") -> Finding:
    return Finding(rule, status, "x.xml:", found)


def test_native_and_official_verdicts_are_apart() -> None:
    assert layers_of(
        [
            finding("CDA-XML", "PASS"),
            finding("CDA-XML", "FAIL"),
            finding("CDA-XSD", "PASS"),
            finding("CDA-SM", "INFO"),
            finding("CDA-SM", "WARN"),
            finding("CDA-IHE", "VACUOUS", NOTHING_FIRED),
            finding("CDA-MDC", "ERROR"),
            finding("CDA-MDC", "FAIL"),
            finding("CDA-ANS", "INFO"),
            finding("CDA-TERM", "VACUOUS", "absent du paquet / not in the pack"),
        ]
    ) == {
        NATIVE: "FAIL",
        "XSD": "PASS",
        "SM": "WARN",
        "IHE": "VACUOUS",
        "MDC": "ERROR",
        "ANS": "PASS",
        "TERM": "NOT_RUN",
    }


def test_a_layer_of_older_kits_is_named_only_where_it_ran() -> None:
    absent = finding("CDA-XDS-SD", "VACUOUS", "absent du paquet / not in the pack")
    assert "XDS-SD" not in layers_of([finding("CDA-XSD", "PASS"), absent])
    assert layers_of([finding("CDA-XDS-SD", "PASS")])["XDS-SD"] == "PASS"


def test_without_a_pack_there_are_no_layers() -> None:
    assert layers_of([]) == {}
    silent = [finding(rule, "VACUOUS", "") for rule in OFFICIAL]
    assert layers_of([finding("CDA-XML", "PASS"), *silent]) == {}


def test_every_official_rule_has_its_layer() -> None:
    assert set(OFFICIAL) == set(api.groups()["CDA-OFFICIAL"])


def test_a_record_keeps_the_layers() -> None:
    record = recorded("x.xml", "", "cda", [finding("CDA-XSD", "PASS")])
    assert record.layers == {NATIVE: "NOT_RUN", "XSD": "PASS"}
    assert from_plain(plain(record)) == record
    assert recorded("x.xml", "", "cda", [finding("CDA-XML", "PASS")]).layers == {}
