"""Our own driver as the LPS: builds the message of a step, or opens its page, and sends it.

Writing messages is `harness.drive`; what a step expects and how it is judged is `harness.steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from harness import hosts
from harness.drive import urls
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.identity import Identity, Mode
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.feeding import Fed, Feeder
from harness.players.api import Made
from harness.substitution import substitute
from protocol.errors import Text, ToolError
from protocol.exchange import Exchange

if TYPE_CHECKING:
    from harness.context import CaseContext
    from harness.steps.browse import BrowseStep
    from harness.steps.drive import Actor, DriveStep


class Driver:
    """Plays every step as the plan writes it, deliberate mistakes included. Raises ToolError."""

    def drive(self, step: DriveStep, context: CaseContext) -> Made:
        """Build, sign and send one message."""
        identity = identity_of(step.as_, context)
        message = build(
            step.drive,
            _parameters(step, context, identity),
            identity,
            _lps(step, context),
            clock=context.clock,
            ids=context.ids,
            alterations=step.alter,
        )
        url = hosts.at(context.platform.url, step.connection.host)
        return Made(sent(message, identity, context, url, verify=step.connection.verify), message.fact)

    def browse(self, step: BrowseStep, context: CaseContext) -> Made:
        """Open one page, with the cookies of the case."""
        message = _opening(step, context)
        exchange = sent(message, identity_of(step.as_, context), context, context.platform.url)
        context.cookies.update(_cookies(exchange))
        return Made(exchange, message.fact)


def identity_of(who: Actor, context: CaseContext) -> Identity:
    """The identity of the PKI folder, with what the plan replaces in it. Raises ToolError without a folder."""
    if context.keyring is None:
        raise ToolError(
            "STEP-011", Text("aucun dossier de certificats", "no folder of certificates"), field="pki"
        )
    mode: Mode | None = who.mode or None
    return context.keyring.identity(
        who.name, mode=mode, user=who.user, structure=who.structure, tls=who.tls, sign=who.sign
    )


def sent(
    message: OutgoingMessage, identity: Identity, context: CaseContext, url: str, *, verify: bool = True
) -> Exchange:
    """Send to that address with the identity's certificate; the exchange as evidence keeps it."""
    made = send(
        message,
        url,
        replace(tls_of(identity), verify=verify) if url.startswith("https:") else None,
        session=context.platform.session or "default",
        clock=context.clock,
    )
    return replace(made, id=context.ids.uuid(), started=_as_kept(made.started), ended=_as_kept(made.ended))


def _as_kept(moment: datetime) -> datetime:
    """Evidence keeps milliseconds: what is judged now must be what can be judged again."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _parameters(step: DriveStep, context: CaseContext, identity: Identity) -> dict[str, Any]:
    parameters: dict[str, Any] = substitute(step.with_, context.values)
    if step.patient:
        parameters["patient"] = context.campaign.patients.get(step.patient, step.patient)
    if step.documents:
        feeder = Feeder(
            identity=identity,
            patient=parameters["patient"],
            ids=context.ids,
            clock=context.clock,
            oid_root=context.campaign.file.software.oid_root,
            sent=context.sent,
        )
        texts = [substitute(fed.model_dump(), context.values) for fed in step.documents]
        parameters["documents"] = [feeder.parameter(Fed.model_validate(text)) for text in texts]
    return parameters


def _lps(step: DriveStep, context: CaseContext) -> Lps:
    software, told = context.campaign.file.software, step.lps
    return Lps(
        name=software.name if told.name is None else told.name,
        version=software.version if told.version is None else told.version,
        wire_number=context.campaign.number if told.number is None else told.number,
        lps_id=context.campaign.file.id,
        oid_root=software.oid_root,
    )


def _opening(step: BrowseStep, context: CaseContext) -> OutgoingMessage:
    patient = context.campaign.patients.get(step.patient, step.patient) if step.patient else None
    if not (step.follow or step.form):
        made = urls.build(step.transaction, step.browse, patient, alterations=step.alter)
        return replace(made, headers=urls.get(step.transaction, made.path, context.cookies).headers)
    path = (
        str(substitute(step.follow, context.values))
        or urls.build(step.transaction, step.browse, patient).path
    )
    inside = path[path.index(urls.PREFIX) :] if urls.PREFIX in path else path
    if step.form:
        return urls.post(step.transaction, inside, substitute(step.form, context.values), context.cookies)
    return urls.get(step.transaction, inside, context.cookies)


def _cookies(exchange: Exchange) -> Mapping[str, str]:
    """Cookies that the answer gives; the path is that of the site, which a case never leaves."""
    if exchange.response is None:
        return {}
    jar: SimpleCookie = SimpleCookie()
    for name, value in exchange.response.headers:
        if name.lower() == "set-cookie":
            jar.load(value)
    return {name: morsel.value for name, morsel in jar.items()}
