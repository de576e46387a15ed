"""Exchanges written as other tools write them: what the importers are tried on. Our own content, synthetic."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from protocol.exchange import Exchange, Headers, header

Write = Callable[[Path, Sequence[Exchange]], Path]


@dataclass(frozen=True)
class Written:
    """A format: how it is written, and what of a frame it carries to the byte."""

    name: str
    write: Write
    exact: bool
    mtom: bool = True


def har(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    return _har(folder, exchanges, binary=True)


def har_text(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    return _har(folder, exchanges, binary=False)


def _har(folder: Path, exchanges: Sequence[Exchange], *, binary: bool) -> Path:
    def content(body: bytes, headers: Headers) -> dict[str, object]:
        told: dict[str, object] = {"size": len(body), "mimeType": header(headers, "Content-Type")}
        if binary:
            return {**told, "text": base64.b64encode(body).decode(), "encoding": "base64"}
        return {**told, "text": body.decode("utf-8", "replace")}

    def pairs(headers: Headers) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in headers]

    entries = []
    for one in exchanges:
        entry: dict[str, object] = {
            "startedDateTime": one.started.isoformat(),
            "time": 12,
            "request": {
                "method": one.request.method,
                "url": f"https://dmp.example{one.request.target}",
                "httpVersion": "HTTP/1.1",
                "headers": pairs(one.request.headers),
                "bodySize": len(one.request.body),
                "postData": content(one.request.body, one.request.headers),
            },
            "response": {"status": 0, "headers": [], "content": {"size": 0}},
        }
        if one.response is not None:
            entry["response"] = {
                "status": one.response.status,
                "headers": pairs(one.response.headers),
                "content": content(one.response.body, one.response.headers),
            }
        entries.append(entry)
    path = folder / "session.har"
    told = {"log": {"version": "1.2", "creator": {"name": "a tool", "version": "1"}, "entries": entries}}
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def http_log(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """Requests and answers as bytes, with a rule between two calls."""
    path = folder / "raw.txt"
    with path.open("wb") as stream:
        for one in exchanges:
            stream.write(
                f"{one.request.method} https://dmp.example{one.request.target} HTTP/1.1\r\n".encode()
            )
            _message(stream.write, one.request.headers, one.request.body)
            stream.write(b"\r\n\r\n")
            if one.response is not None:
                stream.write(f"HTTP/1.1 {one.response.status} Whatever\r\n".encode())
                _message(stream.write, one.response.headers, one.response.body)
            stream.write(b"\r\n" + b"-" * 66 + b"\r\n")
    return path


def http_chunks(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """The same, in chunks."""
    path = folder / "chunks.txt"
    with path.open("wb") as stream:
        for one in exchanges:
            stream.write(f"POST {one.request.target} HTTP/1.1\r\n".encode())
            _chunked(stream.write, one.request.headers, one.request.body)
            if one.response is not None:
                stream.write(f"HTTP/1.1 {one.response.status} OK\r\n".encode())
                _chunked(stream.write, one.response.headers, one.response.body)
    return path


def _message(write: Callable[[bytes], object], headers: Headers, body: bytes) -> None:
    told = [pair for pair in headers if pair[0].lower() not in ("content-length", "transfer-encoding")]
    told.append(("Content-Length", str(len(body))))
    write("".join(f"{name}: {value}\r\n" for name, value in told).encode("latin-1") + b"\r\n" + body)


def _chunked(write: Callable[[bytes], object], headers: Headers, body: bytes) -> None:
    told = [pair for pair in headers if pair[0].lower() not in ("content-length", "transfer-encoding")]
    told.append(("Transfer-Encoding", "chunked"))
    write("".join(f"{name}: {value}\r\n" for name, value in told).encode("latin-1") + b"\r\n")
    for start in range(0, len(body), 1000):
        piece = body[start : start + 1000]
        write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    write(b"0\r\n\r\n")


def cxf_blocks(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """The logging interceptors, on the side of the client."""
    path = folder / "cxf.log"
    with path.open("wb") as stream:
        for number, one in enumerate(exchanges, 1):
            stamp = one.started.isoformat(timespec="milliseconds")
            asked = header(one.request.headers, "Content-Type")
            stream.write(
                f"{stamp} INFO  [main] o.a.c.services.X: Outbound Message\n---------------------------\nID: {number}\n"
                f"Address: https://dmp.example{one.request.target}\nEncoding: UTF-8\nHttp-Method: POST\n"
                f"Content-Type: {asked}\nHeaders: {{Accept=[*/*], Content-Length=[{len(one.request.body)}], "
                f'SOAPAction=[""]}}\nPayload: '.encode()
            )
            stream.write(one.request.body + b"\n--------------------------------------\n")
            stream.write(f"{stamp} DEBUG something else was said here\n".encode())
            if one.response is None:
                continue
            kind = header(one.response.headers, "Content-Type")
            stream.write(
                f"{stamp} INFO  [main] o.a.c.services.X: Inbound Message\n----------------------------\nID: {number}\n"
                f"Response-Code: {one.response.status}\nEncoding: UTF-8\nContent-Type: {kind}\n"
                f"Headers: {{content-type=[{kind}], Content-Length=[{len(one.response.body)}], "
                f"Date=[Thu, 15 Jan 2026 09:30:00 GMT]}}\nPayload: ".encode()
            )
            stream.write(one.response.body + b"\n--------------------------------------\n")
    return path


def cxf_events(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """The logging feature, an indented line a field."""
    return _cxf_events(folder / "events.log", exchanges, "\n    ")


def cxf_lines(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """The logging feature, everything on a line."""
    return _cxf_events(folder / "lines.log", exchanges, " ")


def _cxf_events(path: Path, exchanges: Sequence[Exchange], space: str) -> Path:
    with path.open("wb") as stream:
        for number, one in enumerate(exchanges, 1):
            stamp = one.started.isoformat(timespec="milliseconds")
            same = [f"ExchangeId: 0000-{number}", "ServiceName: DMP", "PortName: DMPPort"]
            asked = [
                f"Address: https://dmp.example{one.request.target}",
                "HttpMethod: POST",
                f"Content-Type: {header(one.request.headers, 'Content-Type')}",
                *same,
                "Headers: {Accept=*/*, Connection=Keep-Alive}",
                "Payload: ",
            ]
            stream.write(space.join([f"{stamp} INFO 1 --- o.a.c.s.X.REQ_OUT : REQ_OUT", *asked]).encode())
            stream.write(one.request.body + b"\n")
            if one.response is None:
                continue
            kind = header(one.response.headers, "Content-Type")
            told = [f"Content-Type: {kind}", f"ResponseCode: {one.response.status}", *same]
            told += [f"Headers: {{content-type={kind}, Date=Thu, 15 Jan 2026 09:30:00 GMT}}", "Payload: "]
            stream.write(space.join([f"{stamp} INFO 1 --- o.a.c.s.X.RESP_IN : RESP_IN", *told]).encode())
            stream.write(one.response.body + b"\n")
    return path


def wcf(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """A message log: each message at two levels, without its MTOM."""
    path = folder / "messages.svclog"
    with path.open("wb") as stream:
        for number, one in enumerate(exchanges, 1):
            activity = f"{{00000000-0000-4000-8000-{number:012d}}}"
            web = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in one.request.headers)
            http = (
                f"<HttpRequest><Method>POST</Method><QueryString></QueryString><WebHeaders>{web}</WebHeaders>"
            )
            http += "</HttpRequest>"
            to = f"<Addressing><To>https://dmp.example{one.request.target}</To></Addressing>"
            stream.write(_event(one, activity, "ServiceLevelSendRequest", to, one.request.body))
            stream.write(_event(one, activity, "TransportSend", to + http, one.request.body))
            if one.response is not None:
                web = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in one.response.headers)
                http = (
                    f"<HttpResponse><StatusCode>OK</StatusCode><WebHeaders>{web}</WebHeaders></HttpResponse>"
                )
                stream.write(_event(one, activity, "TransportReceive", http, one.response.body))
                stream.write(_event(one, activity, "ServiceLevelReceiveReply", "", one.response.body))
    return path


def _event(one: Exchange, activity: str, level: str, inside: str, body: bytes) -> bytes:
    stamp = one.started.isoformat(timespec="microseconds").replace("+00:00", "0+00:00")
    envelope = body.partition(b"?>")[2] if body.startswith(b"<?xml") else body
    return (
        (
            '<E2ETraceEvent xmlns="http://schemas.microsoft.com/2004/06/E2ETraceEvent"><System '
            'xmlns="http://schemas.microsoft.com/2004/06/windows/eventlog/system"><EventID>0</EventID><Type>3</Type>'
            f'<TimeCreated SystemTime="{stamp}" /><Source Name="System.ServiceModel.MessageLogging" />'
            f'<Correlation ActivityID="{activity}" /></System><ApplicationData><TraceData><DataItem>'
            f'<MessageLogTraceRecord Time="{stamp}" Source="{level}" '
            'Type="System.ServiceModel.Channels.BufferedMessage" '
            f'xmlns="http://schemas.microsoft.com/2004/06/ServiceModel/Management/MessageTrace">{inside}'
        ).encode()
        + envelope.strip()
        + (b"</MessageLogTraceRecord></DataItem></TraceData></ApplicationData></E2ETraceEvent>")
    )


def soapui(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """A project with the requests in a test case and the responses in a mock service."""
    path = folder / "project.xml"
    calls = "".join(
        f'<con:testStep type="request" name="step {number}"><con:config><con:interface>DMP</con:interface>'
        f"<con:operation>op{number}</con:operation><con:request name={quoteattr(f'r {number}')}>"
        f"<con:endpoint>https://dmp.example{one.request.target}</con:endpoint>"
        f"<con:request>{escape(one.request.body.decode())}</con:request></con:request></con:config></con:testStep>"
        for number, one in enumerate(exchanges, 1)
    )
    mocks = "".join(
        f'<con:mockOperation name="o" operation="op{number}"><con:mockResponse name="m" httpResponseStatus="200">'
        f"<con:responseContent>{escape(one.response.body.decode())}</con:responseContent></con:mockResponse>"
        "</con:mockOperation>"
        for number, one in enumerate(exchanges, 1)
        if one.response is not None
    )
    path.write_text(
        '<con:soapui-project name="P" xmlns:con="http://eviware.com/soapui/config">'
        f'<con:testSuite name="s"><con:testCase name="c">{calls}</con:testCase></con:testSuite>'
        f'<con:mockService name="m">{mocks}</con:mockService></con:soapui-project>',
        encoding="utf-8",
    )
    return path


def files(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """A folder of pairs by name, as an official tree has them."""
    place = folder / "CT"
    place.mkdir(exist_ok=True)
    for number, one in enumerate(exchanges, 1):
        suffix = "mime" if header(one.request.headers, "Content-Type").startswith("multipart") else "xml"
        (place / f"{number:02d}_requete.{suffix}").write_bytes(one.request.body)
        if one.response is not None:
            (place / f"{number:02d}_reponse.{suffix}").write_bytes(one.response.body)
    return place


def lone(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """A folder of messages whose names tell nothing."""
    place = folder / "lone"
    place.mkdir(exist_ok=True)
    for number, one in enumerate(exchanges, 1):
        (place / f"message{number}a.xml").write_bytes(one.request.body)
        if one.response is not None:
            (place / f"message{1000 - number}b.xml").write_bytes(one.response.body)
    return place


def bundle(folder: Path, exchanges: Sequence[Exchange]) -> Path:
    place = folder / "bundle"
    for number, one in enumerate(exchanges, 1):
        one.save(place, f"{number:02d}")
    return place


FORMATS = (
    Written("har", har, exact=True),
    Written("har", har_text, exact=True, mtom=False),
    Written("http", http_log, exact=True),
    Written("http", http_chunks, exact=True),
    Written("cxf", cxf_blocks, exact=True),
    Written("cxf", cxf_events, exact=False),
    Written("cxf", cxf_lines, exact=False),
    Written("wcf", wcf, exact=False, mtom=False),
    Written("soapui", soapui, exact=False, mtom=False),
    Written("frames", files, exact=True),
    Written("frames", lone, exact=True),
    Written("bundle", bundle, exact=True),
)
