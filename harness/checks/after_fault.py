"""Rules on the frames that must not follow a fault of the platform. A plan says which ones count for a fault.

Nothing sent at all is looked at too: the rule passes on the exchange that the fault struck. Without any, it is vacuous.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.checks.aftermath import Aftermath
from harness.checks.fed import Fed, fed, fresh_ids, replaces, wanted
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check_aftermath, failed, passed, verdict
from harness.checks.vihf_attributes import RESOURCE
from harness.checks.xpath import attribute
from protocol.errors import Text

CLAUSE = "guide d'intégration, EX_GEN-1140, EX_GEN-1150 : erreurs traitées, envois repris sans doublon"
RETRIES = 3
BULK = 50


def _each(view: Aftermath, judge: Callable[[Judged, Judged], Iterator[Finding]]) -> Iterator[Finding]:
    """`judge(hit, later)` on each later request; a pass when there was none, nothing when nothing was struck."""
    hit = view.hit
    if hit is None:
        return
    if not view.later:
        yield replace(passed("request:", "0"), exchange=hit.exchange.id)
    for later in view.later:
        found = list(judge(hit, later)) or [passed("request:", later.transaction.id)]
        yield from (replace(finding, exchange=later.exchange.id) for finding in found)


@check_aftermath(
    "AFTER-NO-CALL",
    clause="cahier de tests, A-NOCALL : aucune trame pendant la fenêtre",
    title=Text("Rien n'est envoyé après la panne", "Nothing is sent after the fault"),
    mend=Text("attendre une décision de l'utilisateur", "wait for a decision of the user"),
    confidence="C",
)
def no_call(view: Aftermath) -> Iterator[Finding]:
    yield from _each(view, lambda _, later: iter([failed("request:", later.transaction.id, "∅")]))


@check_aftermath(
    "AFTER-OTHER-BYTES",
    clause="ITI TF-2 §3.41 : XDSNonIdenticalHash ; " + CLAUSE,
    title=Text(
        "Un document renvoyé sous le même uniqueId a les mêmes octets",
        "A document sent again under the same uniqueId has the same bytes",
    ),
    mend=Text(
        "garder le lot envoyé et le renvoyer tel quel", "keep the set that was sent and send that again"
    ),
    requirements=("EX_GEN-1150",),
)
def other_bytes(view: Aftermath) -> Iterator[Finding]:
    def judge(hit: Judged, later: Judged) -> Iterator[Finding]:
        known = {item.unique_id: item for item in fed(hit)}
        for item in fed(later):
            first = known.get(item.unique_id)
            if first is not None:
                yield verdict(
                    item.sha256 == first.sha256, later.at(item.element), item.sha256[:16], first.sha256[:16]
                )

    yield from _each(view, judge)


@check_aftermath(
    "AFTER-DOUBLE",
    clause="EX_GEN-1060 : ne pas déposer à nouveau un contenu inchangé ; EX_GEN-1150",
    title=Text(
        "Le même contenu n'est pas déposé une seconde fois sous un autre uniqueId",
        "The same content is not fed a second time under another uniqueId",
    ),
    mend=Text(
        "reprendre l'envoi avec les mêmes identifiants, ou chercher le document d'abord",
        "send again with the same identifiers, or search for the document first",
    ),
    requirements=("EX_GEN-1060", "EX_GEN-1150"),
)
def double(view: Aftermath) -> Iterator[Finding]:
    earlier = [item for one in (*view.before, *view.struck) for item in fed(one)]

    def judge(_hit: Judged, later: Judged) -> Iterator[Finding]:
        for item in fed(later):
            same = [old for old in earlier if old.content == item.content and _other(old, item)]
            good = not same or replaces(later, item)
            yield verdict(good, later.at(item.element), item.unique_id, same[0].unique_id if same else "")

    yield from _each(view, judge)


def _other(old: Fed, item: Fed) -> bool:
    return old.unique_id != item.unique_id


@check_aftermath(
    "AFTER-VIHF-AGAIN",
    clause="SAML 2.0 core §1.3.4 ; un VIHF par appel",
    title=Text("Un nouvel essai porte un nouveau VIHF", "A new try carries a new VIHF"),
    mend=Text("émettre un VIHF par envoi, reprise comprise", "issue a VIHF for each send, retries included"),
)
def vihf_again(view: Aftermath) -> Iterator[Finding]:
    def judge(hit: Judged, later: Judged) -> Iterator[Finding]:
        if hit.assertion is not None and later.assertion is not None:
            used, found = attribute(hit.assertion, "ID"), attribute(later.assertion, "ID")
            yield verdict(found != used, later.at(later.assertion) + "/@ID", found, f"≠ {used}")

    yield from _each(view, judge)


@check_aftermath(
    "AFTER-RETRY",
    clause="CT-HN-030, CT-3.1-060 : pas de reprise à l'aveugle d'un refus définitif",
    title=Text(
        "Une demande refusée n'est pas renvoyée telle quelle", "A refused request is not sent again as it was"
    ),
    mend=Text("corriger la cause avant de renvoyer", "mend the cause before sending again"),
    confidence="B",
)
def retry(view: Aftermath) -> Iterator[Finding]:
    def judge(hit: Judged, later: Judged) -> Iterator[Finding]:
        same = _asked(later) == _asked(hit)
        yield verdict(not same, "request:", later.transaction.id, f"≠ {hit.transaction.id}")

    yield from _each(view, judge)


def _asked(view: Judged) -> tuple[str, str, str]:
    """What a request asks: transaction, patient, payload without what is new each time."""
    payload = "" if view.payload is None else "|".join(wanted(view))
    return (
        view.transaction.id,
        view.vihf(RESOURCE),
        hashlib.sha256(payload.encode()).hexdigest(),
    )


@check_aftermath(
    "AFTER-STORM",
    clause="pas de reprise sans fin (CT-3.1-060)",
    title=Text("La demande n'est pas répétée sans fin", "The request is not repeated without end"),
    mend=Text(f"{RETRIES} reprises au plus, espacées", f"{RETRIES} retries at most, spaced out"),
    confidence="C",
)
def storm(view: Aftermath) -> Iterator[Finding]:
    hit = view.hit
    if hit is None:
        if view.hits:
            yield verdict(view.hits <= RETRIES + 1, "connection:", str(view.hits), f"≤ {RETRIES + 1}")
        return
    again = [later for later in view.later if _asked(later) == _asked(hit)]
    yield replace(
        verdict(len(again) <= RETRIES, "request:", str(len(again)), f"≤ {RETRIES}"), exchange=hit.exchange.id
    )


@check_aftermath(
    "AFTER-NO-READ",
    clause="EX_0.3-1010 : pas de consultation sans autorisation reçue",
    title=Text(
        "Aucune recherche ni lecture ne suit une autorisation refusée ou inconnue",
        "No search or reading follows an authorisation that is refused or unknown",
    ),
    mend=Text("demander l'autorisation et attendre DMPOk", "ask for the authorisation and wait for DMPOk"),
    requirements=("EX_0.3-1010",),
)
def no_read(view: Aftermath) -> Iterator[Finding]:
    yield from _never(view, ("TD3.1", "TD3.2"))


@check_aftermath(
    "AFTER-NO-CREATION",
    clause="une erreur n'est pas une absence de DMP",
    title=Text("Une erreur ne fait pas créer de DMP", "An error does not make a DMP be created"),
    mend=Text("ne créer qu'après une réponse NF", "create only after an answer NF"),
    confidence="B",
)
def no_creation(view: Aftermath) -> Iterator[Finding]:
    yield from _never(view, ("TD1.1", "TD1.2"))


@check_aftermath(
    "AFTER-NO-CHANGE",
    clause="EX_GEN-1140 : une réponse en erreur ne fonde aucune action",
    title=Text(
        "Rien n'est supprimé, archivé, masqué ni remplacé après la panne",
        "Nothing is deleted, archived, masked or replaced after the fault",
    ),
    mend=Text("relire l'état du document avant d'agir", "read the state of the document again before acting"),
    confidence="B",
)
def no_change(view: Aftermath) -> Iterator[Finding]:
    def judge(_hit: Judged, later: Judged) -> Iterator[Finding]:
        changes = later.transaction.id.startswith("TD3.3") or any(
            replaces(later, item) for item in fed(later)
        )
        yield verdict(not changes, "request:", later.transaction.id, "≠ TD3.3, RPLC")

    yield from _each(view, judge)


def _never(view: Aftermath, forbidden: tuple[str, ...]) -> Iterator[Finding]:
    def judge(_hit: Judged, later: Judged) -> Iterator[Finding]:
        found = later.transaction.id
        yield verdict(found not in forbidden, "request:", found, f"≠ {' | '.join(forbidden)}")

    yield from _each(view, judge)


@check_aftermath(
    "AFTER-ANSWER-USED",
    clause="EX_GEN-1140 : une réponse qui n'est pas recevable n'est pas exploitée",
    title=Text(
        "Rien de ce qu'une réponse irrecevable portait n'est employé",
        "Nothing that an unacceptable answer carried is used",
    ),
    mend=Text("jeter la réponse entière", "throw the whole answer away"),
    requirements=("EX_GEN-1140",),
)
def answer_used(view: Aftermath) -> Iterator[Finding]:
    """Identifiers of the spoiled answers that no sound answer told, before or since, must not show in a request."""
    told = fresh_ids(view.struck, b"".join(map(_bytes, view.before)))
    hit = view.hit
    if hit is not None and not view.later:
        yield replace(passed("request:", f"0 / {len(told)}"), exchange=hit.exchange.id)
    struck = {one.exchange.id for one in view.struck}
    for later in view.later if hit is not None else ():
        used = sorted(name for name in told if name in later.exchange.request.body)
        shown = used[0].decode("ascii", "replace") if used else ""
        yield replace(verdict(not used, "request:", shown, f"≠ {len(told)} id"), exchange=later.exchange.id)
        if later.exchange.id not in struck:
            told = {name for name in told if name not in _bytes(later)}


def _bytes(view: Judged) -> bytes:
    answer = view.exchange.response
    return view.exchange.request.body + (answer.body if answer is not None else b"")


@check_aftermath(
    "AFTER-BULK-READ",
    clause="EX_3.2-1010 : le document est lu à la demande de l'utilisateur",
    title=Text("Une liste énorme n'est pas lue en entier", "A huge list is not read as a whole"),
    mend=Text("lire les documents que l'utilisateur ouvre", "read the documents that the user opens"),
    confidence="C",
)
def bulk_read(view: Aftermath) -> Iterator[Finding]:
    def judge(_hit: Judged, later: Judged) -> Iterator[Finding]:
        count = len(_documents(later))
        yield verdict(count <= BULK, "request:", str(count), f"≤ {BULK}")

    yield from _each(view, judge)


@check_aftermath(
    "AFTER-READ-TWICE",
    clause="ITI TF-2 §3.43",
    title=Text(
        "Un document listé deux fois n'est pas lu deux fois", "A document listed twice is not read twice"
    ),
    mend=Text("dédoublonner par entryUUID", "remove duplicates by entryUUID"),
    confidence="C",
)
def read_twice(view: Aftermath) -> Iterator[Finding]:
    counted = Counter(name for later in view.later for name in _documents(later))

    def judge(_hit: Judged, later: Judged) -> Iterator[Finding]:
        for name in _documents(later):
            yield verdict(counted[name] == 1, "request:", f"{counted[name]} × {name}", "1")

    yield from _each(view, judge)


def _documents(view: Judged) -> list[str]:
    return view.values("descendant::xds:DocumentRequest/xds:DocumentUniqueId")


@check_aftermath(
    "AFTER-STALE-SERVER",
    clause="EX_0.X-1070 : le certificat du serveur est vérifié",
    title=Text(
        "Aucun message ne part vers un serveur au certificat irrecevable",
        "No message goes to a server whose certificate is unacceptable",
    ),
    mend=Text("vérifier autorité, dates et nom du serveur", "verify authority, dates and name of the server"),
    requirements=("EX_0.X-1070",),
)
def stale_server(view: Aftermath) -> Iterator[Finding]:
    if not view.struck and view.hits:
        yield passed("connection:", f"{view.hits} connexion(s), 0 message")
    for one in view.struck:
        size = len(one.exchange.request.body)
        yield replace(failed("request:", f"{size} o / B", "∅"), exchange=one.exchange.id)
