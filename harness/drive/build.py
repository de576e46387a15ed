"""Makes a message: writes the VIHF, signs it, writes the payload, wraps both, and packs the whole.

The same inputs (clock and ids included) give the same bytes, but for signatures, which are the same too since
RSA PKCS#1 v1.5 draws nothing. Defects are applied between the stages; without any, the message is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from lxml import etree

from harness.drive import bind, multipart, sign, vihf
from harness.drive.alterations import registry as defects
from harness.drive.clock import Clock
from harness.drive.draft import Draft, Signing, wrong_param
from harness.drive.identity import Identity
from harness.drive.ids import Ids
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.drive.registry import BASE_PATH, MessageSpec, spec
from harness.drive.subject import subject_of
from protocol import safexml
from protocol.facts import SOAP12, WSSE


def build(
    transaction: str,
    params: Mapping[str, Any],
    identity: Identity,
    lps: Lps,
    *,
    clock: Clock,
    ids: Ids,
    alterations: Sequence[str] = (),
) -> OutgoingMessage:
    """Make the request of a transaction.

    `params` holds those of the message (see its module) and, for all: `patient` (key, CX, mapping, Subject or
    directory record), `access` (normal, bris_de_glace, centre_15), `access_reason`, `secret` (bool),
    `vihf_version`, `conditions` (bool), `vihf_hash` (sha256 or sha1). `alterations` are names of
    harness.drive.alterations. Raises UsageError for an unknown transaction, parameter or alteration.
    """
    form = spec(transaction)
    chosen = [defects.find(name, transaction) for name in alterations]
    draft = Draft(
        transaction=transaction,
        params=dict(params),
        identity=identity,
        lps=lps,
        clock=clock,
        ids=ids,
        signing=Signing(identity.sign),
        path=BASE_PATH + form.service,
        action=form.action,
        mtom=form.mtom,
    )
    if "patient" in draft.params:
        draft.subject = subject_of(draft.params["patient"])
    defects.run("params", chosen, draft)
    _write_assertion(draft, chosen)
    _write_payload(draft, form, chosen)
    _write_envelope(draft, chosen)
    _pack(draft, chosen)
    return _finished(draft, tuple(alterations))


def _write_assertion(draft: Draft, chosen: Sequence[defects.Alteration]) -> None:
    claims = vihf.Claims(
        assertion_id=f"_{draft.ids.uuid()}",
        at=draft.clock.now(),
        subject=draft.subject,
        access=draft.text("access", "normal"),
        reason=draft.text("access_reason"),
        secret=bool(draft.params.get("secret", False)),
        version=draft.text("vihf_version", "3.0"),
        conditions=bool(draft.params.get("conditions", True)),
    )
    draft.assertion = vihf.write(draft.identity, draft.lps, claims)
    draft.facts["assertion_id"] = claims.assertion_id
    draft.signing.hash_name = _hash_name(draft)
    defects.run("vihf", chosen, draft)
    if draft.signing.pair is not None:
        sign.sign_enveloped(
            draft.assertion,
            draft.signing.pair.key,
            draft.signing.pair.certificate,
            hash_name=draft.signing.hash_name,
        )
    defects.run("assertion", chosen, draft)


def _hash_name(draft: Draft) -> sign.Hash:
    name = draft.text("vihf_hash", "sha256")
    for known in get_args(sign.Hash):
        if name == known:
            return known  # type: ignore[no-any-return]  # of a Literal
    raise wrong_param(draft.transaction, "vihf_hash", name, "sha256 | sha1")


def _write_payload(draft: Draft, form: MessageSpec, chosen: Sequence[defects.Alteration]) -> None:
    draft.allow(*form.parameters)
    draft.payload = form.write(draft)
    if draft.subject is not None:
        draft.facts["patient"] = draft.subject.cx
    defects.run("payload", chosen, draft)


def _write_envelope(draft: Draft, chosen: Sequence[defects.Alteration]) -> None:
    message_id = f"urn:uuid:{draft.ids.uuid()}"
    draft.facts["message_id"] = message_id
    envelope = bind.fill("envelope", {"action": draft.action, "message_id": message_id, "to": draft.path})
    security, body = envelope.find(f".//{{{WSSE}}}Security"), envelope.find(f"{{{SOAP12}}}Body")
    if security is None or body is None:
        raise ValueError("the template of the envelope has lost its parts")
    if draft.assertion is not None:
        security.append(draft.assertion)
    if draft.payload is not None:
        body.append(draft.payload)
    draft.envelope = envelope
    defects.run("envelope", chosen, draft)


def _pack(draft: Draft, chosen: Sequence[defects.Alteration]) -> None:
    defects.run("packaging", chosen, draft)
    envelope = safexml.serialize(draft.tree("envelope"))
    if draft.mtom:
        writer = multipart.MultipartWriter(envelope, draft.attachments, draft.packaging)
        draft.headers["Content-Type"], draft.body = writer.content_type, writer.read()
    else:
        namespace = etree.QName(draft.tree("envelope")).namespace or ""
        draft.headers["Content-Type"] = multipart.soap_content_type(draft.action, namespace)
        draft.body = envelope
    defects.run("headers", chosen, draft)
    defects.run("bytes", chosen, draft)


def _finished(draft: Draft, names: tuple[str, ...]) -> OutgoingMessage:
    return OutgoingMessage(
        transaction=draft.transaction,
        path=draft.path,
        headers=tuple(draft.headers.items()),
        body=draft.body,
        facts=draft.facts,
        alterations=names,
    )
