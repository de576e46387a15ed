"""What the campaign declares: wire number, OID root, profiles and transactions against the plan, its own patients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.campaign import Campaign
from harness.masking import Masker
from harness.preflight.item import Item
from harness.scope import declared_transactions, scope
from protocol.errors import NO_TEXT, Text
from protocol.facts import OID_DMP, OID_INS_TEST, PRODUCTION_INS_OIDS
from protocol.transactions import Registry

#: What people write where a number will be; the shape of real ones is not public.
_PLACEHOLDER: Final = re.compile(
    r"(?:x{3,}|0+|1234?5?6?7?8?9?|\?+|\.\.\.|a[_ -]?(?:renseigner|completer|compléter|d[ée]finir)|todo|tbd|"
    r"change[_-]?me|lps[_-]?id.*|<.*>|\{.*\}|\$.*|number|num[ée]ro|secret|test)",
    re.IGNORECASE,
)
_SHAPE: Final = re.compile(r"[!-~]+")
#: An identifier made under the root has a dot and up to 39 digits after it, and 64 characters at most.
_LONGEST_ROOT: Final = 24
#: Roots of others: the DMP's own, and the ones that books give as examples.
_NATIONAL: Final = ("1.2.250.1.213", "1.2.250.1.71", OID_DMP)
_EXAMPLES: Final = ("1.2.3", "1.2.3.4", "1.2.3.4.5", "1.1", "2.999")
_FILE: Final = Text("campagne", "campaign")


def number(campaign: Campaign, masker: Masker) -> Iterator[Item]:
    """Its shape, whether it is a placeholder, whether it is kept. Never shows it."""
    value, subject = campaign.number, "software.number"
    if not _SHAPE.fullmatch(value):
        yield Item(
            "PRE-NUMBER-SHAPE",
            "KO",
            subject,
            Text(
                "le numéro contient un espace, un retour à la ligne ou un caractère accentué",
                "the number holds a space, a line end or an accented character",
            ),
            found=f"{len(value)} car. / chars",
            mend=Text("le recopier tel que reçu", "copy it as it was received"),
        )
    elif not masker.intact and _PLACEHOLDER.fullmatch(value):
        yield Item(
            "PRE-NUMBER-SHAPE",
            "KO",
            subject,
            Text(
                "le numéro a l'air d'un texte à remplacer",
                "the number looks like a text that is to be replaced",
            ),
            mend=Text(
                "employer le numéro reçu, ou un numéro public de test (TEST-OK-1)",
                "use the number received, or a public test number (TEST-OK-1)",
            ),
        )
    elif masker.intact and campaign.file.target.kind == "platform":
        yield Item(
            "PRE-NUMBER-SHAPE",
            "WARN",
            subject,
            Text(
                "numéro public de test : seul le simulateur le connaît",
                "public test number: only the mock knows it",
            ),
            mend=Text("employer le numéro reçu de l'autorité", "use the number received from the authority"),
        )
    if masker.intact:
        kept = Text(
            "numéro de test public : trames gardées intactes", "public test number: frames kept intact"
        )
    else:
        kept = Text(
            "numéro secret : masqué dans les trames, ce qui en dépend ne pourra pas être rejugé",
            "secret number: masked in the frames, what depends on it can't be judged again",
        )
    yield Item("PRE-NUMBER", "OK", subject, kept)


def oid_root(campaign: Campaign) -> Item:
    """The root under which documents get their identifiers."""
    root, subject = campaign.file.software.oid_root, "software.oid_root"
    if not root:
        text = Text(
            "aucune racine : les documents ont des UUID sous 2.25", "no root: documents get UUIDs under 2.25"
        )
        return Item("PRE-OID", "OK", subject, text)
    owned = next((one for one in _NATIONAL if root == one or root.startswith(f"{one}.")), "")
    if owned:
        return Item(
            "PRE-OID",
            "KO",
            subject,
            Text("la racine appartient à une autorité nationale", "the root belongs to a national authority"),
            found=root,
            mend=Text(
                "demander sa propre racine, ou la retirer", "ask for a root of one's own, or take it out"
            ),
        )
    if len(root) > _LONGEST_ROOT:
        return Item(
            "PRE-OID",
            "KO",
            subject,
            Text(
                "racine trop longue : les identifiants dépasseraient 64 caractères",
                "root too long: identifiers would have more than 64 characters",
            ),
            found=f"{root} ({len(root)})",
            expected=f"<= {_LONGEST_ROOT}",
            mend=Text("employer une branche plus courte", "use a shorter branch"),
        )
    if root in _EXAMPLES:
        return Item(
            "PRE-OID",
            "WARN",
            subject,
            Text("la racine est un exemple de manuel", "the root is an example of the books"),
            found=root,
            mend=Text("employer la racine de l'éditeur", "use the root of the editor"),
        )
    return Item(
        "PRE-OID", "OK", subject, Text("racine des identifiants", "root of the identifiers"), found=root
    )


def completeness(campaign: Campaign, registry: Registry) -> Iterator[Item]:
    """Each declared profile has cases, each declared transaction is possible with the declared modes and is tried."""
    included = [item.case for item in scope(campaign, registry, ()) if item.state == "included"]
    if not included:
        yield Item(
            "PRE-SCOPE",
            "KO",
            "profiles, authentication, transactions",
            Text("aucun cas du plan n'est dans le périmètre", "no case of the plan is in scope"),
            found=campaign.plan.plan.id,
            mend=Text("revoir ce que la campagne déclare", "review what the campaign declares"),
        )
        return
    lacking = [
        profile
        for profile in campaign.file.profiles
        if not any(not case.filters.profiles or profile in case.filters.profiles for case in included)
    ]
    yield _complete(
        "PRE-PROFILE",
        "profiles",
        Text("chaque profil déclaré a des cas", "each declared profile has cases"),
        Text("profil déclaré sans aucun cas", "declared profile without any case"),
        lacking,
        Text("retirer le profil, ou changer de plan", "take the profile out, or change the plan"),
    )
    modes = {str(mode) for mode in campaign.file.authentication}
    declared = sorted(declared_transactions(campaign, registry))
    impossible = [
        name for name in declared if registry.by_id(name).auth and not modes & set(registry.by_id(name).auth)
    ]
    yield _complete(
        "PRE-MODES",
        "authentication",
        Text("chaque transaction a un mode déclaré", "each transaction has a declared mode"),
        Text(
            "transaction impossible avec les modes déclarés", "transaction impossible with the declared modes"
        ),
        impossible,
        Text(
            "déclarer le mode, ou retirer la transaction (transactions:)",
            "declare the mode, or take the transaction out (transactions:)",
        ),
    )
    tried = {name for case in included for name in case.filters.transactions}
    untried = [
        name
        for name in declared
        if name not in tried and name not in impossible and registry.by_id(name).status == "implemented"
    ]
    yield _complete(
        "PRE-TRANSACTIONS",
        "transactions",
        Text("chaque transaction déclarée est dans un cas", "each declared transaction is in a case"),
        Text("transaction déclarée dans aucun cas du périmètre", "declared transaction in no case in scope"),
        untried,
        Text(
            "compléter le plan, ou retirer la transaction", "complete the plan, or take the transaction out"
        ),
    )


def patients(campaign: Campaign) -> Item:
    """No identity of a real person in the campaign's own data sets."""
    real = sorted(
        patient.key
        for patient in campaign.patients.values()
        for ins in (patient.ins, *patient.other_ins)
        if ins.oid in PRODUCTION_INS_OIDS
    )
    if not campaign.patients:
        text = Text(
            "aucun jeu de données propre : patients fictifs livrés",
            "no data set of its own: shipped patients",
        )
        return Item("PRE-INS", "OK", "datasets", text)
    return Item(
        "PRE-INS",
        "KO" if real else "OK",
        "datasets",
        Text("identités de production dans les jeux de données", "production identities in the data sets")
        if real
        else Text("identités de test seulement", "test identities only"),
        found=", ".join(real),
        expected=OID_INS_TEST if real else "",
        mend=Text(
            "remplacer ces patients par des patients fictifs", "replace these patients with made-up ones"
        )
        if real
        else NO_TEXT,
    )


def _complete(code: str, subject: str, good: Text, bad: Text, lacking: list[str], mend: Text) -> Item:
    """A plan that does not try everything still runs: a warning."""
    if not lacking:
        return Item(code, "OK", subject, good)
    return Item(code, "WARN", subject, bad, found=", ".join(lacking), mend=mend)
