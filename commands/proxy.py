"""`dmpcompat proxy`: the recording reverse proxy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import ANY_PATH, default_lang
from protocol.errors import Lang, Text, UsageError
from reports.console import tell

if TYPE_CHECKING:
    from harness.capture.authority import Permission


@click.command()
@click.option(
    "--to", required=True, metavar="URL", help="The test platform: https://host:port, a path if any."
)
@click.option("--pki", required=True, type=ANY_PATH, help="Folder of certificates, as made by `pki init`.")
@click.option(
    "--record", required=True, type=ANY_PATH, help="Folder of the recording; continued if it is one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8444, show_default=True, help="0: a free one.")
@click.option("--client-identity", metavar="NAME", help="Certificate shown to the platform, whoever calls.")
@click.option(
    "--pass-through-identity",
    is_flag=True,
    help="Show the caller's own certificate, whose key is in the folder.  [default]",
)
@click.option(
    "--upstream-ca", type=ANY_PATH, help="Authority of the platform.  [default: ca.pem of the folder]"
)
@click.option("--client-ca", type=ANY_PATH, help="Authority of the callers.  [default: ca.pem of the folder]")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    help="Seconds for an answer.",
)
@click.option("--ready-file", type=ANY_PATH, help="Written (JSON: url, pid) once requests are served.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default=default_lang)
def proxy(
    to: str,
    pki: Path,
    record: Path,
    host: str,
    port: int,
    client_identity: str | None,
    pass_through_identity: bool,
    upstream_ca: Path | None,
    client_ca: Path | None,
    timeout: float,
    ready_file: Path | None,
    lang: Lang,
) -> int:
    """Record what an LPS and a test platform say to each other: reverse proxy over mutual TLS. SIGTERM drains."""
    import logging

    from harness.capture.forward import Patience
    from harness.capture.serving import Asked, ProxyServer

    if client_identity and pass_through_identity:
        raise UsageError(
            "PROXY-006",
            Text("une seule identité à la fois", "one identity at a time"),
            field="--client-identity, --pass-through-identity",
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    server = ProxyServer(
        Asked(
            to=to,
            pki=pki,
            record=record,
            host=host,
            port=port,
            identity=client_identity or "",
            upstream_ca=upstream_ca,
            client_ca=client_ca,
            patience=Patience(answer=timeout),
        )
    )
    if server.permission is not None:
        _warn(server.permission, lang)

    def ready() -> None:
        tell(lang, f"Proxy enregistreur : {server.url} → {to}", f"Recording proxy: {server.url} → {to}")
        tell(
            lang,
            f"enregistrement : {record} (rien n'y est masqué)",
            f"recording: {record} (nothing is masked there)",
        )

    server.serve_forever(ready_file, ready)
    return 0


def _warn(permission: Permission, lang: Lang) -> None:
    """Nobody may say that it went unseen."""
    words = Text(
        f"PLATEFORME NATIONALE : appels permis par {permission.authority} ({permission.reference}) "
        f"jusqu'au {permission.until}",
        f"NATIONAL PLATFORM: calls allowed by {permission.authority} ({permission.reference}) "
        f"until {permission.until}",
    ).to(lang)
    click.echo(f"{'!' * len(words)}\n{words}\n{'!' * len(words)}", err=True)
