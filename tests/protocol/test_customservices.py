"""Readers of the DMP's own services: any text comes back, what is doubtful is refused, strangers are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocol import facts
from protocol.customservices import (
    AuthorisationListRequest,
    ChannelRequest,
    PatientListRequest,
    ReissueRequest,
    read_authorisation_list,
    read_channel,
    read_patient_list,
    read_reissue,
)
from protocol.errors import MetadataError

PAT, HAB = facts.PATIENTS, facts.HABILITATIONS
#: What XML holds, without the white space around that readers take off.
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12).map(str.strip)


def message(namespace: str, root: str, *children: tuple[str, str]) -> etree._Element:
    built = etree.Element(f"{{{namespace}}}{root}")
    for name, text in children:
        etree.SubElement(built, f"{{{namespace}}}{name}").text = text
    return etree.fromstring(etree.tostring(built))


@given(TEXTS, TEXTS, TEXTS)
def test_a_list_request_comes_back(start: str, kind: str, owner: str) -> None:
    sent = message(PAT, "patientList", ("startDate", start), ("dateType", kind), ("psOwnerId", owner))
    assert read_patient_list(sent) == PatientListRequest(start, kind, owner)


@given(TEXTS, TEXTS, TEXTS, st.permutations([0, 1, 2]))
def test_a_channel_comes_back_whatever_the_order(
    kind: str, canal: str, action: str, order: list[int]
) -> None:
    children = [("type", kind), ("canal", canal), ("action", action)]
    sent = message(PAT, "patientOTPUpdate", *(children[place] for place in order))
    assert read_channel(sent) == ChannelRequest(kind, canal, action)


def test_creation_has_no_action() -> None:
    sent = message(PAT, "createPatientAccess", ("type", "SMS"), ("action", "AJOUT"))
    assert read_channel(sent) == ChannelRequest("SMS", "", "", (f"{{{PAT}}}action",))


def test_what_is_absent_is_empty() -> None:
    assert read_patient_list(message(PAT, "patientList")) == PatientListRequest("", "", "")
    assert read_reissue(message(PAT, "updatePatientAccess")) == ReissueRequest()
    assert read_authorisation_list(message(HAB, "listAuthorizationByPatient")) == AuthorisationListRequest("")


def test_a_comment_in_a_value_does_not_cut_it() -> None:
    name = "listAuthorizationByPatient"
    raw = f'<a:{name} xmlns:a="{HAB}"><a:mode>ACT<!-- x -->IVE</a:mode></a:{name}>'
    assert read_authorisation_list(etree.fromstring(raw)).mode == "ACTIVE"


def test_elements_of_another_namespace_are_strangers() -> None:
    sent = message(PAT, "updatePatientAccess", ("login", "x"))
    etree.SubElement(sent, "login").text = "y"
    assert read_reissue(sent).strangers == (f"{{{PAT}}}login", "login")
    other = etree.fromstring(f'<p:patientList xmlns:p="{PAT}"><startDate>1</startDate></p:patientList>')
    assert read_patient_list(other) == PatientListRequest("", "", "", ("startDate",))


@pytest.mark.parametrize(
    ("reader", "sent"),
    [
        (read_patient_list, message(PAT, "patientList", ("dateType", "a"), ("dateType", "b"))),
        (read_channel, message(PAT, "createPatientAccess", ("canal", "a"), ("canal", "a"))),
        (read_authorisation_list, message(HAB, "listAuthorizationByPatient", ("mode", ""), ("mode", ""))),
    ],
)
def test_an_element_given_twice_is_refused(
    reader: Callable[[etree._Element], object], sent: etree._Element
) -> None:
    with pytest.raises(MetadataError, match="WS-002"):
        reader(sent)


@pytest.mark.parametrize("reader", [read_patient_list, read_channel, read_reissue, read_authorisation_list])
def test_another_root_is_refused(reader: Callable[[etree._Element], object]) -> None:
    with pytest.raises(MetadataError, match="WS-001"):
        reader(message(HAB, "patientList"))
