"""CX, XCN and XON: layouts of the interface, escapes, tolerance and round trips."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import IdentifierError
from protocol.identifiers import components
from protocol.identifiers.cx import Cx, parse_cx
from protocol.identifiers.xcn import Xcn, parse_xcn
from protocol.identifiers.xon import Xon, parse_xon

INS = "1.2.250.1.213.1.4.10"
PS = "1.2.250.1.71.4.2.1"
STRUCTURE = "1.2.250.1.71.4.2.2"

words = st.text(
    st.one_of(st.sampled_from("^&|~\\FSTRE'é "), st.characters(exclude_categories=["Cc", "Cs"])), max_size=12
)
some = words.filter(str.strip)
oids = st.sampled_from([INS, PS, STRUCTURE, "1.3.2", "2.25.0"])


def _extra(*positions: int) -> st.SearchStrategy[components.Extra]:
    raw = st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="^"), min_size=1, max_size=8
    )
    return st.dictionaries(st.sampled_from(positions), raw).map(lambda parts: tuple(sorted(parts.items())))


class TestEscapes:
    @given(words)
    def test_escape_and_back(self, text: str) -> None:
        written = components.escape(text)
        assert components.unescape(written) == text
        assert not set(written) & set("^&|~")

    def test_each_delimiter(self) -> None:
        assert components.escape("A|B^C&D~E\\F") == r"A\F\B\S\C\T\D\R\E\E\F"

    def test_an_unknown_escape_stands_for_itself(self) -> None:
        assert components.unescape(r"a\X0D\b\ ") == r"a\X0D\b" + "\\ "


class TestCx:
    def test_ins(self) -> None:
        cx = parse_cx("207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH")
        assert cx == Cx("207058575627097", INS, "NH")
        assert str(cx) == "207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH"

    def test_type_may_be_absent(self) -> None:
        assert parse_cx("IPP1^^^&1.2.3&ISO") == Cx("IPP1", "1.2.3", "")

    def test_effective_date_is_kept(self) -> None:
        written = "1197854176879056415520^^^&1.2.250.1.213.1.4.2&ISO^INS-C^^20100907"
        cx = parse_cx(written)
        assert cx.kind == "INS-C"
        assert cx.extra == ((7, "20100907"),)
        assert str(cx) == written

    def test_trailing_separators_mean_nothing(self) -> None:
        assert parse_cx("1^^^&1.2.3&ISO^PI^^^") == parse_cx("1^^^&1.2.3&ISO^PI")

    def test_ampersand_of_the_value(self) -> None:
        assert parse_cx(r"A\T\B\S\C^^^&1.2.3&ISO").id == "A&B^C"
        with pytest.raises(IdentifierError) as caught:
            parse_cx("A&B^^^&1.2.3&ISO")
        assert caught.value.code == "CX-003"
        assert caught.value.field == "CX.1"

    def test_reference_id_without_authority(self) -> None:
        text = "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
        assert parse_cx(text, authority_required=False).kind == "urn:ihe:iti:xds:2016:studyInstanceUID"
        with pytest.raises(IdentifierError):
            parse_cx(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "^^^",
            "123",
            "^^^&1.2.3&ISO",
            "  ^^^&1.2.3&ISO",
            "1^^^1.2.3&ISO",
            "1^^^NS&1.2.3&ISO",
            "1^^^&1.2.3&UUID",
            "1^^^&1.2.3&ISO&x",
            "1^^^&&ISO",
            "1^^^&1.02.3&ISO",
            "1\n^^^&1.2.3&ISO",
            "1^^^&1.2.3",
        ],
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(IdentifierError):
            parse_cx(text)

    @given(st.builds(Cx, some, oids, words, _extra(2, 3, 6, 7, 8)))
    def test_round_trip(self, cx: Cx) -> None:
        assert parse_cx(str(cx)) == cx


class TestXcn:
    def test_physical_person(self) -> None:
        written = "899900063480^LIBRE^MAX^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
        assert parse_xcn(written) == Xcn("899900063480", "LIBRE", "MAX", PS, "D", "IDNPS")
        assert str(parse_xcn(written)) == written

    def test_patient_and_system(self) -> None:
        patient = parse_xcn("207058575627097^PATB^LAURENCE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH")
        assert (patient.oid, patient.kind) == (INS, "NH")
        system = parse_xcn("318003502400041/1^Dossier^v2^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI")
        assert (system.id, system.name_type, system.kind) == ("318003502400041/1", "U", "RI")

    def test_a_name_alone_is_enough(self) -> None:
        assert parse_xcn("^D'ARTAGNAN^PIERRE-ALAIN").family == "D'ARTAGNAN"

    def test_other_components_are_kept(self) -> None:
        xcn = parse_xcn("1^NOM^PRENOM^SECOND^^DR^^^&1.2.3&ISO^D")
        assert xcn.extra == ((4, "SECOND"), (6, "DR"))

    @pytest.mark.parametrize(
        "text", ["", "^^PRENOM", "^NOM^^^^^^^&1.2.3&ISO", "1^A&B^C", "1^NOM^PRENOM^^^^^^1.2.3"]
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(IdentifierError):
            parse_xcn(text)

    @given(st.builds(Xcn, some, words, words, oids, words, words, _extra(4, 5, 6, 11, 14)))
    def test_round_trip(self, xcn: Xcn) -> None:
        assert parse_xcn(str(xcn)) == xcn


class TestXon:
    def test_structure(self) -> None:
        written = "CABINET DR LIBRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900063480001"
        assert parse_xon(written) == Xon("CABINET DR LIBRE", STRUCTURE, "IDNST", "499900063480001")
        assert str(parse_xon(written)) == written

    def test_ihe_forms(self) -> None:
        assert parse_xon("HOPITAL") == Xon("HOPITAL")
        assert parse_xon("HOPITAL^^^^^^^^^1.2.3.4").id == "1.2.3.4"
        assert parse_xon("HOPITAL^^^^^&1.2.3&ISO^^^^45").kind == ""

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "^^^^^&1.2.3&ISO^IDNST^^^1",
            "N^^^^^&1.2.3&ISO^IDNST",
            "N^^^^^^IDNST^^^123",
            "N^^^^^1.2.3^IDNST^^^1",
            "A & B",
        ],
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(IdentifierError):
            parse_xon(text)

    @given(st.builds(Xon, some, oids, words, some, _extra(2, 3, 8, 9)))
    def test_round_trip(self, xon: Xon) -> None:
        assert parse_xon(str(xon)) == xon


@pytest.mark.parametrize("parse", [parse_cx, parse_xcn, parse_xon])
@given(
    text=st.one_of(
        st.text(max_size=60), st.text("^&1.2IOS\\T '", max_size=60), st.from_regex(r"(\w*\^){0,9}&1\.2&ISO")
    )
)
def test_any_text_gives_a_value_or_an_identifier_error(
    parse: Callable[[str], Cx | Xcn | Xon], text: str
) -> None:
    try:
        value = parse(text)
    except IdentifierError:
        return
    assert parse(str(value)) == value
