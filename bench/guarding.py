"""How fast the guard looks at evidence before it leaves: frames, findings and documents in their usual wrappings."""

from __future__ import annotations

import base64
import json
import tempfile
import time
import zipfile
from pathlib import Path
from random import Random

from harness.drive.pdf import one_page
from harness.privacy.guard import inspect

_FILES = 400


def run() -> list[str]:
    """One line: megabytes a second of one core."""
    draw = Random(11)  # noqa: S311 - the same files each time, no secret
    with tempfile.TemporaryDirectory() as scratch:
        size = sum(_write(Path(scratch), number, draw) for number in range(_FILES))
        began = time.process_time()
        seen = inspect(Path(scratch))
        spent = time.process_time() - began
    rate = size / 1e6 / spent
    return [
        f"guard: {seen.files} files, {size / 1e6:.1f} MB, {seen.layers} layers in {spent:.1f} s: {rate:.1f} MB/s"
    ]


def _write(place: Path, number: int, draw: Random) -> int:
    pdf = one_page([f"Compte rendu {draw.randrange(10**9)}" for _ in range(30)])
    cda = b"<ClinicalDocument>" + base64.encodebytes(pdf + draw.randbytes(12_000)) + b"</ClinicalDocument>"
    findings = [
        {
            "rule": f"RULE-{rank}",
            "status": "PASS",
            "where": f"/soap:Envelope[1]/soap:Body[1]/*[{rank}]",
            "found": "x" * 40,
        }
        for rank in range(300)
    ]
    zipped = place / f"{number:03d}.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CDA.xml", cda)
    frame = place / f"{number:03d}_requete.mime"
    frame.write_bytes(
        b"--b\r\n\r\n<soap/>\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n" + cda + b"\r\n--b--\r\n"
    )
    told = place / f"{number:03d}_assertions.json"
    told.write_text(json.dumps(findings, indent=1), encoding="utf-8")
    return sum(path.stat().st_size for path in (zipped, frame, told))
