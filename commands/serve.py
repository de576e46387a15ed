"""`dmpcompat serve`: the mock DMP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, FILE, default_lang
from protocol.errors import Lang, Text, UsageError
from reports.console import tell

if TYPE_CHECKING:
    from mock_dmp.acceptance.official import Official


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0: a free one.")
@click.option(
    "--pki", "pki_folder", type=ANY_PATH, help="Folder made by `pki init`; a temporary one by default."
)
@click.option("--db", help="SQLAlchemy URL, with --data; a SQLite file in that folder by default.")
@click.option(
    "--data", "data_dir", type=ANY_PATH, help="Folder of the documents and of the default database."
)
@click.option("--plain-http", is_flag=True, help="No TLS, loopback only: for clients that can't.")
@click.option("--tls13", is_flag=True, help="Accept TLS 1.3 beside the documented TLS 1.2 suites.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that serve, each on a core of its own: for load.  [default: this one, on any]",
)
@click.option(
    "--console",
    type=click.IntRange(0, 65535),
    is_flag=False,
    flag_value=8480,
    metavar="[PORT]",
    help="Live view and control for a browser: plain HTTP, this machine only; port 8480, 0: a free one.",
)
@click.option(
    "--faults",
    "fault_plan",
    type=ANY_PATH,
    help="Fault plan (YAML or JSON) of the default session from the start.",
)
@click.option(
    "--status", "status_list", type=FILE, help="Signed status list of a register: its numbers are known."
)
@click.option("--status-trust", type=FILE, help="Trust file of its issuer, plain or signed.")
@click.option(
    "--status-root",
    multiple=True,
    help="Root key that signs that trust file: file, or its whole id; repeatable.",
)
@click.option("--status-key", type=FILE, help="Key that knows the numbers in it (`register tag-key`).")
@click.option(
    "--ready-file", type=ANY_PATH, help="Written (JSON: url, pid, console) once requests are served."
)
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def serve(
    host: str,
    port: int,
    pki_folder: Path | None,
    db: str | None,
    data_dir: Path | None,
    plain_http: bool,
    tls13: bool,
    workers: int | None,
    console: int | None,
    fault_plan: Path | None,
    status_list: Path | None,
    status_trust: Path | None,
    status_root: tuple[str, ...],
    status_key: Path | None,
    ready_file: Path | None,
    lang: Lang,
) -> int:
    """Start the mock DMP. SIGTERM drains and stops."""
    import logging
    import tempfile

    from mock_dmp import pki
    from mock_dmp.crew import Crew
    from mock_dmp.faults import arming
    from mock_dmp.server import MockServer

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    faults = () if fault_plan is None else arming.read_file(fault_plan)
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        if pki_folder is None and not plain_http:
            pki_folder = Path(scratch) / "pki"
            pki.init(pki_folder)
        start = MockServer if workers is None else partial(Crew, workers)
        server = start(
            host=host,
            port=port,
            pki_folder=pki_folder,
            db_url=db,
            data_dir=data_dir or (None if db else Path(scratch) / "data"),
            plain_http=plain_http,
            tls13=tls13,
            console=console,
            faults=faults,
            official=_official(status_list, status_trust, status_key, status_root),
        )

        def ready(url: str) -> None:
            tell(lang, f"DMP bouchonné : {url}", f"Mock DMP: {url}")
            if pki_folder is not None:
                tell(lang, f"certificats : {pki_folder}", f"certificates: {pki_folder}")
            if faults:
                tell(lang, f"pannes armées : {len(faults)}", f"faults armed: {len(faults)}")
            if server.console_url:
                tell(
                    lang, f"vue en direct : {server.console_url}/ui/", f"live view: {server.console_url}/ui/"
                )

        server.serve_forever(ready_file, ready)
    return 0


def _official(
    status: Path | None, trust: Path | None, key: Path | None, roots: tuple[str, ...]
) -> Official | None:
    """The status list, which goes with its trust file and its key. Raises UsageError, ConfigError."""
    from mock_dmp.acceptance.official import Official
    from protocol import trustchain

    given = {"--status": status, "--status-trust": trust, "--status-key": key}
    if not any(given.values()):
        return None
    if status is None or trust is None or key is None:
        raise UsageError(
            "SRV-020",
            Text("ces trois options vont ensemble", "these three options go together"),
            field=" ".join(name for name, value in given.items() if value is None),
            expected=" ".join(given),
        )
    return Official.open(status, trust, key, trustchain.held(roots) if roots else None)
