"""Our exchanges, written in each format, are read again: same bytes, where the format can carry them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.capture.formats.api import Source, readers
from harness.capture.formats.frames import named
from harness.capture.importing import Imported, import_into
from harness.capture.recording import Recorder, Recording
from harness.checks import api
from mock_dmp.server import MockServer
from protocol.errors import UsageError
from protocol.exchange import Exchange, Request, Response, header
from protocol.transactions import load
from tests.conftest import Editor
from tests.harness.capture import writers
from tests.harness.capture.writers import FORMATS, Written

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
SOAP = (("Content-Type", "application/soap+xml; charset=utf-8"),)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    "<s:Header>{header}</s:Header><s:Body><x>{text}</x></s:Body></s:Envelope>"
)
each = pytest.mark.parametrize("form", FORMATS, ids=[form.write.__name__ for form in FORMATS])


def soap(number: int, text: str = "é", *, answer: str | None = "ok") -> Exchange:
    """A call with its identifiers, and the answer that relates to it."""
    asked = f"<a:MessageID>urn:uuid:{number}</a:MessageID>"
    told = f"<a:RelatesTo>urn:uuid:{number}</a:RelatesTo>"
    request = ENVELOPE.format(header=asked, text=text).encode()
    response = (
        None if answer is None else Response(200, SOAP, ENVELOPE.format(header=told, text=answer).encode())
    )
    failure = "" if response else "timeout: nothing came"
    asking = Request("POST", "/si/x", SOAP, request)
    return Exchange(str(number), "driver", "", NOW, NOW, asking, response, failure=failure)


def run(place: Path, *sources: Path, name: str = "auto") -> tuple[Imported, list[Exchange]]:
    to = place / "recording"
    with Recorder(to, origin="import", source="a test") as recorder:
        done = import_into(recorder, sources, name)
    return done, [frame for _, frame in Recording(to).frames()]


def said(done: Imported) -> list[str]:
    return [item.why.en for item in done.unread]


@pytest.fixture(scope="module")
def played(mock: MockServer, pki_folder: Path) -> Iterator[list[Exchange]]:
    """TD0.2, TD2.1 and TD3.2 of our driver: SOAP alone and MTOM both ways."""
    from harness.drive.identity import Keyring

    one = Editor(Keyring(pki_folder), mock.url, "imported")
    one.control.create("imported", {})
    try:
        made = [one.call("TD0.2", {"patient": "actif-autorise"})]
        made.append(one.call("TD2.1", {"patient": "actif-autorise", "documents": [{"level1": {}}]}))
        read = {"patient": "actif-autorise", "unique_ids": [one.documents()[0]["unique_id"]]}
        made.append(one.call("TD3.2", read))
        yield [answer.exchange for answer in made]
    finally:
        one.control.close()


@each
def test_what_our_driver_played_comes_back(tmp_path: Path, played: Sequence[Exchange], form: Written) -> None:
    wanted = list(played) if form.mtom else [played[0]]
    if form.write is writers.lone:
        wanted = [played[0]]
    done, frames = run(tmp_path, form.write(tmp_path, wanted))
    assert not done.unread
    assert done.formats == {form.name: len(wanted)}
    for mine, kept in zip(wanted, frames, strict=True):
        assert mine.response is not None
        assert kept.response is not None
        bodies = (kept.request.body, kept.response.body)
        expected = (mine.request.body, mine.response.body)
        if form.write is writers.wcf:
            expected = tuple(body.partition(b"?>")[2].strip() or body for body in expected)
        assert bodies == expected
        assert any("reserialised" in mark for mark in kept.marks) != form.exact
        assert kept.origin == "import"
        if form.name in ("har", "http", "cxf", "wcf"):
            assert kept.request.target == mine.request.target
            assert header(kept.request.headers, "Content-Type") == header(
                mine.request.headers, "Content-Type"
            )
        if form.name in ("har", "cxf", "wcf", "bundle"):
            assert abs((kept.started - mine.started).total_seconds()) < 1


@each
def test_a_missing_answer_is_told(tmp_path: Path, form: Written) -> None:
    done, frames = run(tmp_path, form.write(tmp_path, [soap(1), soap(2, answer=None), soap(3)]))
    assert not done.unread
    assert len(done.alone) == 1
    by_answer = {frame.request.body: frame.response for frame in frames}
    assert len(by_answer) == 3
    assert by_answer[soap(2).request.body] is None
    for number in (1, 3):
        kept, mine = by_answer[soap(number).request.body], soap(number).response
        assert kept is not None
        assert mine is not None
        assert kept.body == mine.body
    [lonely] = [frame for frame in frames if frame.response is None]
    assert lonely.failure


#: Text of messages: what XML can hold, and what logs are made of.
TEXT = st.text(
    st.sampled_from("abcé€ \n-=:{}[],;/\\\"'日") | st.characters(min_codepoint=0x20, max_codepoint=0x2FFF),
    max_size=60,
).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))


@each
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, form: Written, texts: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    wanted = [soap(number, asked, answer=answer) for number, (asked, answer) in enumerate(texts)]
    done, frames = run(folder, form.write(folder, wanted))
    assert not done.unread
    kept = {(one.request.body, one.response.body if one.response else b"") for one in frames}
    expected = {(one.request.body, one.response.body if one.response else b"") for one in wanted}
    assert kept == expected


@settings(max_examples=15, deadline=None)
@given(bodies=st.lists(st.tuples(st.binary(max_size=200), st.binary(max_size=200)), min_size=1, max_size=3))
@pytest.mark.parametrize("write", [writers.har, writers.bundle, writers.http_chunks])
def test_any_bytes_come_back_where_the_format_has_bytes(
    tmp_path_factory: pytest.TempPathFactory, write: writers.Write, bodies: list[tuple[bytes, bytes]]
) -> None:
    kind = (("Content-Type", "application/octet-stream"),)
    folder = tmp_path_factory.mktemp("any")
    wanted = [
        replace(soap(0), request=Request("POST", "/x", kind, asked), response=Response(200, kind, answer))
        for asked, answer in bodies
    ]
    done, frames = run(folder, write(folder, wanted))
    assert not done.unread
    kept = [(one.request.body, one.response.body if one.response else None) for one in frames]
    assert kept == bodies


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400), reader=st.sampled_from(readers()))
def test_no_reader_fails_on_what_it_is_given(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, reader: object
) -> None:
    list(reader.read(Source(Path("x.log"), data)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", FORMATS[:9], ids=[form.write.__name__ for form in FORMATS[:9]])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), cut=st.booleans(), junk=st.binary(max_size=6))
def test_a_log_that_is_cut_or_damaged_never_stops_the_import(
    tmp_path_factory: pytest.TempPathFactory, form: Written, at: int, cut: bool, junk: bytes
) -> None:
    """What can be read is; each message is a frame, is told, or was destroyed with its own beginning."""
    folder = tmp_path_factory.mktemp("cut")
    path = form.write(folder, [soap(1), soap(2)])
    data = path.read_bytes()
    place = at % len(data)
    path.write_bytes(data[:place] + junk if cut else data[:place] + junk + data[place + len(junk) :])
    done, frames = run(folder, path)
    assert frames or done.unread


def test_bytes_that_a_text_lost_are_marked(tmp_path: Path, played: Sequence[Exchange]) -> None:
    """MTOM through a log of characters: the document is not the one that was sent."""
    mine = played[1]
    broken = replace(
        mine, request=replace(mine.request, body=mine.request.body.decode("utf-8", "replace").encode())
    )
    _, [kept] = run(tmp_path, writers.cxf_events(tmp_path, [broken]))
    assert "request:reserialised" in kept.marks
    _, [kept] = run(tmp_path / "har", writers.har_text(tmp_path, [mine]))
    assert ("request:reserialised" in kept.marks) == (b"\xef\xbf\xbd" in broken.request.body)


def judged(exchange: Exchange, transaction: str) -> dict[str, set[str]]:
    """Rules by what they say, with the severities of the product."""
    found: dict[str, set[str]] = {}
    for finding in api.with_severity(api.judge(exchange, load().by_id(transaction))):
        found.setdefault(finding.status, set()).add(finding.rule)
    return found


def test_the_oracle_says_the_same_of_what_is_exact(tmp_path: Path, played: Sequence[Exchange]) -> None:
    """HAR and raw HTTP lose nothing but the connection."""
    for write in (writers.har, writers.http_log):
        place = tmp_path / write.__name__
        place.mkdir()
        _, frames = run(place, write(place, played))
        for transaction, mine, kept in zip(("TD0.2", "TD2.1", "TD3.2"), played, frames, strict=True):
            before, after = judged(replace(mine, tls=None), transaction), judged(kept, transaction)
            if write is writers.http_log:  # without a date, some rules can't tell
                before["PASS"] -= after["VACUOUS"] - after["PASS"]
                after["VACUOUS"] = before["VACUOUS"] = set()
            assert after == before
            assert not after.get("FAIL")


def test_the_oracle_does_not_conclude_on_bytes_that_a_log_spoilt(
    tmp_path: Path, played: Sequence[Exchange]
) -> None:
    """Neither FAIL for what the log did, nor PASS on headers that nobody saw."""
    mine = played[1]
    spoilt = mine.request.body.decode("utf-8", "replace").replace("\r\n", "\n").encode()
    through_log = replace(mine, request=replace(mine.request, body=spoilt))
    done, [kept] = run(tmp_path, writers.cxf_events(tmp_path, [through_log]))
    found = judged(kept, "TD2.1")
    assert not found.get("FAIL"), done
    assert judged(replace(kept, marks=()), "TD2.1")["FAIL"], "the log did break it"
    assert found["AMBIGUOUS"]
    assert "SIG-DIGEST" in found["PASS"], "the assertion came through, and its signature shows it"
    _, frames = run(tmp_path / "files", writers.files(tmp_path, [played[0]]))
    found = judged(frames[0], "TD0.2")
    assert not found.get("FAIL")
    assert {"HTTP-MEDIA", "HTTP-STATUS", "VIHF-FRESH"} <= found["VACUOUS"]


def test_a_real_breach_is_a_breach_in_a_log_too(tmp_path: Path, played: Sequence[Exchange]) -> None:
    body = played[0].request.body.replace(b"LPS_Nom", b"LPS_Non")
    wrong = replace(played[0], request=replace(played[0].request, body=body))
    _, [kept] = run(tmp_path, writers.wcf(tmp_path, [wrong]))
    assert "VIHF-ATTRIBUTES" in judged(kept, "TD0.2")["FAIL"] | judged(kept, "TD0.2").get("WARN", set())


def test_a_utf16_log_is_read_and_marked(tmp_path: Path) -> None:
    path = writers.wcf(tmp_path, [soap(1)])
    path.write_text(path.read_text(), encoding="utf-16")
    done, [kept] = run(tmp_path, path)
    assert not done.unread
    assert kept.request.body == soap(1).request.body


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("01_requete.xml", ("01", "request")),
        ("CT-2.1-010 réponse.mime", ("CT-2.1-010", "response")),
        ("request-7.txt", ("-7", "request")),
        ("a.resp", ("a", "response")),
        ("rep.xml", ("", "response")),
        ("prereq.xml", None),
        ("report.xml", None),
        ("notes.txt", None),
    ],
)
def test_what_a_name_tells(name: str, expected: tuple[str, str] | None) -> None:
    assert named(Path(name)) == expected


def test_a_message_a_file_with_its_headers_goes_by_its_name(tmp_path: Path) -> None:
    for number in (1, 2):
        answer = f"HTTP/1.1 200 OK\r\nX-Number: {number}\r\nContent-Length: 2\r\n\r\nok"
        (tmp_path / f"{number}-response.txt").write_text(answer)
        (tmp_path / f"{number}-request.txt").write_text(
            f"POST /{number} HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
        )
    done, frames = run(tmp_path, tmp_path)  # the recording is in there too
    assert not done.unread
    told = [
        (frame.request.target, frame.response and header(frame.response.headers, "X-Number"))
        for frame in frames
    ]
    assert told == [("/1", "1"), ("/2", "2")]
    done, frames = run(tmp_path, tmp_path)
    assert len(done.keys) == 2, "a recording does not import itself"


def test_relates_to_wins_over_the_order(tmp_path: Path) -> None:
    one, two = soap(1, answer="one"), soap(2, answer="two")
    path = tmp_path / "raw.txt"
    crossed = [replace(one, response=two.response), replace(two, response=one.response)]
    writers.http_log(tmp_path, crossed)
    _, frames = run(tmp_path, path)
    assert [frame.response and b">two<" in frame.response.body for frame in frames] == [False, True]


def test_halves_in_two_sources_find_each_other(tmp_path: Path) -> None:
    one = soap(1)
    assert one.response is not None
    kinds = (("Content-Type", "application/soap+xml"),)
    asked, answered = tmp_path / "a", tmp_path / "b"
    for place in (asked, answered):
        place.mkdir()
    writers.http_log(asked, [replace(one, response=None)])
    (answered / "raw.txt").write_bytes(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n" + one.response.body
    )
    done, [kept] = run(tmp_path, asked, answered)
    assert not done.unread
    assert kept.response is not None
    assert kept.response.headers == kinds
    assert Recording(tmp_path / "recording").facts("000001")["import"]["paired"] == "relates-to"


def test_an_answer_of_nobody_is_told(tmp_path: Path) -> None:
    (tmp_path / "raw.txt").write_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    done, frames = run(tmp_path, tmp_path / "raw.txt")
    assert (frames, said(done)) == ([], ["response without its request"])
    assert done.unread[0].place == "line 1"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("notes.txt", "nothing of interest", "format not recognised"),
        ("a.har", '{"log": {"entries": [', "unreadable HAR"),
        (
            "b.har",
            '{"log": {"creator": {}, "entries": [{"request": {}}]}}',
            "unreadable entry: KeyError: 'response'",
        ),
        (
            "cxf.log",
            "Outbound Message\n---------------------------\nID: 1\nMessages: (message truncated to 49152 bytes)\n"
            "Payload: <a>\n--------------------------------------\n",
            "message cut by CXF (limit)",
        ),
        (
            "cxf2.log",
            "INFO: Outbound Message\n---------------------------\nID: 1\nAddress: http://h/x\n"
            "Content-Type: application/soap+xml\nPayload: <a><b\n--------------------------------------\n",
            "message cut or spoilt by the log",
        ),
        ("m.svclog", '<E2ETraceEvent xmlns="u"><MessageLogTraceRecord/></E2ETraceEvent>', "no envelope"),
        ("n.svclog", '<E2ETraceEvent><MessageLogTraceRecord Time="x">', "event cut or unreadable"),
        ("p.xml", '<con:p xmlns:con="http://eviware.com/soapui/config"><con:request>', "not well-formed"),
        (
            "q.xml",
            '<con:p xmlns:con="http://eviware.com/soapui/config"><con:mockResponse name="m"/></con:p>',
            "mockResponse without content: m",
        ),
        ("01_echange.json", "{}", "EXCH-002"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    done, frames = run(tmp_path, tmp_path / name)
    assert frames == []
    assert any(why in one for one in said(done)), said(done)
    assert [item["why"]["en"] for item in Recording(tmp_path / "recording").unread()] == said(done)


def test_a_document_type_never_reaches_a_parser(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><con:p xmlns:con="http://eviware.com/soapui/config">&b;</con:p>'
    (tmp_path / "x.xml").write_text(bomb)
    done, _ = run(tmp_path, tmp_path / "x.xml")
    assert "XML-DTD" in said(done)[0]


def test_a_folder_of_our_evidence_tells_what_was_masked(tmp_path: Path) -> None:
    case = tmp_path / "CT-1"
    soap(1).save(case, "01")
    frames = [{"stem": "01", "request": {"redacted": [{"start": 1, "end": 2}]}, "response": {"redacted": []}}]
    (case / "test.json").write_text(json.dumps({"frames": frames}))
    (case / "assertions.json").write_text("[]")
    done, [kept] = run(tmp_path, case)
    assert not done.unread
    assert kept.marks == ("request:reserialised",)
    assert replace(kept, marks=(), origin="driver") == soap(1)


def test_an_archive_is_read_as_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "source"
    place.mkdir()
    writers.files(place, [soap(1), soap(2, answer=None)])
    writers.cxf_blocks(place, [soap(3)])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(place.rglob("*")):
            archive.write(path, path.relative_to(place))
        archive.writestr("../out.log", "x")
        archive.writestr("bomb.log", b"0" * 3_000_000)
    done, frames = run(tmp_path, tmp_path / "a.zip")
    assert done.formats == {"frames": 2, "cxf": 1}
    assert {frame.request.body for frame in frames} == {soap(number).request.body for number in (1, 2, 3)}
    sources = [Recording(tmp_path / "recording").facts(key)["import"]["source"] for key in done.keys]
    assert all(source.startswith(f"{tmp_path / 'a.zip'}!") for source in sources), sources
    assert sorted(item.place for item in done.unread) == ["'../out.log'", "bomb.log"]
    assert not (tmp_path / "out.log").exists()
    (tmp_path / "b.zip").write_bytes(b"PK no archive")
    done, _ = run(tmp_path / "b", tmp_path / "b.zip")
    assert "ZIP-BROKEN" in said(done)[0]


def test_a_source_that_is_too_big_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.capture.importing.MAX_SOURCE", 100)
    done, _ = run(tmp_path, writers.http_log(tmp_path, [soap(1)]))
    assert "the file is too big" in said(done)[0]


def test_a_reader_can_be_named_and_a_source_must_exist(tmp_path: Path) -> None:
    path = writers.http_log(tmp_path, [soap(1)])
    done, _ = run(tmp_path, path, name="cxf")
    assert said(done) == ["no message in the file"]
    with pytest.raises(UsageError, match="IMPORT-001"):
        run(tmp_path, tmp_path / "nowhere")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import cli

    path = writers.cxf_events(tmp_path, [soap(1), soap(2, answer=None)])
    (tmp_path / "notes.txt").write_text("nothing")
    arguments = ["import", str(path), "--to", str(tmp_path / "r"), "--lang", "en"]
    assert cli.run_command(arguments) == 0
    told = capsys.readouterr().out
    assert f"2 frame(s) in {tmp_path / 'r'} (cxf 2)" in told
    assert "Without response: 1" in told
    assert cli.run_command([*arguments, str(tmp_path / "notes.txt"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["unread"][0]["why"]["en"] == "format not recognised"
    assert cli.run_command([*arguments, "--format", "pcap"]) == 64
    assert cli.run_command(["import", str(tmp_path / "nowhere"), "--to", str(tmp_path / "s")]) == 64
    assert not (tmp_path / "s").exists()
