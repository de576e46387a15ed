"""One DMP played on both sides: each call goes to the mock and to the model of `rights_model`, and is compared.

Calls go straight to the dispatcher, in a session of their own. What is compared: is the call served, for which reason
not, what it tells, and what the registry and the authorisations hold afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mock_dmp.dispatch import Dispatcher
from mock_dmp.patient import acts
from mock_dmp.patient.metadata import Brought
from mock_dmp.render.ebrim import query_response
from mock_dmp.state import authorisations, documents, sessions
from mock_dmp.state import settings as session_settings
from mock_dmp.state.engine import Store
from protocol import directory, facts
from protocol.errors import UsageError
from tests.mock_dmp import administrative
from tests.mock_dmp.builders import Answered, Lps, Who, authorisation, existence
from tests.mock_dmp.custom_messages import custom
from tests.mock_dmp.rights_model import (
    BY_NAME,
    DAYS,
    STRUCTURES,
    Access,
    Actor,
    Document,
    Given,
    Model,
    Reason,
)
from tests.mock_dmp.submissions import Doc, Lot, find_documents, get_documents, retrieve
from tests.mock_dmp.updating import Update

ADULT, MINOR = "actif-sans-autorisation", "mineur-mere"
STATUS: Final = {"Approved": facts.APPROVED, "Archived": facts.ARCHIVED, "Deleted": facts.DELETED}
#: Rights only: signatures and value sets are judged elsewhere. RIGHTS-SECRET, which warns, refuses here.
SETTINGS: Final = {
    "VIHF-SIGNED-INDIRECT": "off",
    "XDS-VALUE-SETS": "off",
    "XDS-CLASS-OF-TYPE": "off",
    "RIGHTS-SECRET": "refuse",
}
#: The codes by which the mock says each reason.
CODES: Final[dict[Reason, frozenset[str]]] = {
    "matrix": frozenset(
        {"DMPAccessDeniedByRightsService", "MockWrongAccessMode", "MockWrongAuthenticationMode"}
    ),
    "blocked": frozenset({"MockBlocked"}),
    "opposed": frozenset({"DMPAccessDeniedByRightsService"}),
    "unauthorised": frozenset({"MockNotAuthorized"}),
    "closed": frozenset({"DMPClosed"}),
    "open": frozenset({"DMPFound"}),
    "unknown": frozenset(
        {"XDSDocumentUniqueIdError", "UnresolvedReferenceException", "XDSMetadataVersionError"}
    ),
    "document": frozenset({"LocalPolicyRestrictionError"}),
}


class Play:
    """One DMP, of an adult or of a minor, without any authorisation at first."""

    def __init__(
        self, store: Store, name: str, *, minor: bool, changed: Mapping[str, object] | None = None
    ) -> None:
        self.store, self.name = store, name
        sessions.create(store, name, {**SETTINGS, **(changed or {})})
        self.patient = MINOR if minor else ADULT
        self.lps = Lps(store, Dispatcher(store), name)
        self.model = Model(minor=minor)
        with store.write() as db:
            for one in authorisations.of_patient(db, name, self.patient):
                authorisations.remove(
                    db, name, self.patient, professional=one.professional, structure=one.structure
                )

    # -- what is called -------------------------------------------------------------------------------

    def who(self, actor: Actor, access: Access, *, secret: bool = False) -> Who:
        reason = "Urgence vitale" if access == "bris_de_glace" else ""
        now = sessions.find(self.store, self.name).now()
        return Who(
            actor.professional,
            actor.structure,
            actor.mode,
            self.patient,
            access,
            reason,
            issued=now,
            secret=secret,
        )

    def send(
        self,
        transaction: str,
        body: Any,
        actor: Actor,
        access: Access,
        expected: set[Reason],
        parts: Any = None,
    ) -> Answered:
        """Send; the call is served, or refused for one of the reasons of the model."""
        answer = self.lps.send(transaction, body, self.who(actor, access), parts=parts)
        agree(answer, expected, f"{transaction} {actor.name} {access}")
        return answer

    def existence(self, actor: Actor, access: Access) -> None:
        expected = self.model.refusals(actor, "exist", access)
        answer = self.send("TD0.2", existence(self.patient), actor, access, expected)
        if not expected:
            line = "hl7:attentionLine[hl7:keyWordText/@code='{}']/hl7:value/@{}"
            assert answer.one(line.format("AUTORISATION", "code")) == self.model.state(actor)
            said = answer.one(line.format("STATUT_MT", "value"))
            assert (said == "true") == self.model.is_mt(actor)
            status = answer.one(".//hl7:patient/hl7:statusCode/@code")
            assert (status == "active") == self.model.open

    def secret_connection(self, actor: Actor) -> None:
        """A secret connection is that of a minor."""
        answer = self.lps.send("TD0.2", existence(self.patient), self.who(actor, "normal", secret=True))
        assert served(answer) == self.model.minor
        assert served(answer) or codes(answer) == {"MockWrongAccessMode"}

    def authorise(self, actor: Actor, access: Access, mt: bool) -> None:
        expected = self.model.refusals(actor, "authorise mt" if mt else "authorise", access)
        body = authorisation("AJOUT", "MEDECIN_TRAITANT" if mt else "")
        self.send("TD0.3", body, actor, access, expected)
        if expected:
            return
        if self.model.valid(actor.holder):  # it stays as it is, and may only gain the role
            self.model.given[actor.holder].mt |= mt
        else:
            self.model.given[actor.holder] = Given(self.model.clock + DAYS, mt)

    def withdraw(self, actor: Actor, access: Access, mt: bool) -> None:
        expected = self.model.refusals(actor, "cease mt" if mt else "withdraw", access)
        body = authorisation("SUPPRESSION", "MEDECIN_TRAITANT" if mt else "")
        self.send("TD0.3", body, actor, access, expected)
        if expected:
            return
        if mt:
            self.model.given[actor.holder].mt = False
        else:
            self.model.given.pop(actor.holder, None)

    def list_holders(self, actor: Actor, access: Access) -> None:
        expected = self.model.refusals(actor, "list holders", access)
        body = custom("hab:listAuthorizationByPatient", mode="TOUTE")
        answer = self.send("TD1.6", body, actor, access, expected)
        if not expected:
            assert told_holders(answer) == self.model.holders()

    def feed(
        self, actor: Actor, masked: bool, hidden: str, kind: str, access: Access = "normal"
    ) -> str | None:
        """The uniqueId of the document; None when it is refused."""
        if masked or (hidden.startswith("INVISIBLE_REPR") and not self.model.minor):
            hidden = ""  # who is an adult has nobody to hide from, and hidden and masked exclude each other
        shown = ("MASQUE_PS",) if masked else (hidden,) if hidden else ()
        doc = Doc(
            confidentiality=("N", *shown),
            professional=actor.professional,
            structure=actor.structure,
            type_code=kind,
        )
        body, parts = Lot(patient=self.patient, documents=(doc,), structure=actor.structure).build()
        expected = self.model.refusals(actor, "feed", access)
        self.send("TD2.1", body, actor, access, expected, parts)
        if expected:
            return None
        fed = Document(actor.professional, actor.structure, masked, hidden, kind)
        self.model.documents[doc.unique_id] = fed
        return doc.unique_id

    def replace(self, actor: Actor, document: str) -> str | None:
        """A new document takes the place of one that is in force; the old one stays, obsolete."""
        known = self.model.documents[document]
        if known.status != "Approved" or self.model.refusals(actor, "feed", "normal"):
            return None
        new = Doc(
            professional=actor.professional,
            structure=actor.structure,
            replaces=str(self.entry(document).get("id")),
        )
        body, parts = Lot(patient=self.patient, documents=(new,), structure=actor.structure).build()
        self.send("TD2.1", body, actor, "normal", set(), parts)
        known.status = "Deprecated"
        self.model.documents[new.unique_id] = Document(actor.professional, actor.structure, masked=False)
        return new.unique_id

    def search(self, actor: Actor, access: Access) -> None:
        expected = self.model.refusals(actor, "search", access)
        answer = self.send("TD3.1", find_documents(self.patient), actor, access, expected)
        if not expected:
            path = f".//rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']/@value"
            assert {str(one) for one in answer.all(path)} == self.model.sees(actor, access)

    def resolve(self, actor: Actor, access: Access, document: str) -> None:
        """From the uniqueId to the entryUUID, which is all that feeding software may ask (DMP_3.1b)."""
        expected = self.model.refusals(actor, "resolve", access)
        answer = self.send("TD3.1", get_documents(document), actor, access, expected)
        if not expected:
            found = [str(one) for one in answer.all(".//rim:ObjectRef/@id")]
            known = self.model.knows(actor, access, document)
            assert found == ([str(self.entry(document).get("id"))] if known else [])

    def read(self, actor: Actor, access: Access, document: str) -> None:
        expected = self.model.refusals(actor, "read", access, document)
        answer = self.send("TD3.2", retrieve(document), actor, access, expected)
        assert bool(answer.parts) == (not expected)

    def mask_or_unmask(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status != "Approved" or known.hidden == "INVISIBLE_PATIENT":
            return
        kept = [known.hidden] if known.hidden else []
        shown = kept if known.masked else [*kept, "MASQUE_PS"]
        if not self.version(actor, access, document, "unmask" if known.masked else "mask", shown):
            known.masked = not known.masked

    def show(self, actor: Actor, access: Access, document: str) -> None:
        """Make visible what was hidden from the patient or from the representatives."""
        known = self.model.documents[document]
        if known.status == "Approved" and known.hidden:
            shown = ["MASQUE_PS"] if known.masked else []
            if not self.version(actor, access, document, "show", shown):
                known.hidden = ""

    def version(self, actor: Actor, access: Access, document: str, act: str, shown: list[str]) -> set[Reason]:
        """Ask for a new version with N and those codes; the reasons why it is refused."""
        update = Update(self.patient, actor.professional, actor.structure)
        body = update.version(self.entry(document), "N", *shown).build()
        expected = self.model.refusals(actor, act, access, document)
        self.send("TD3.3", body, actor, access, expected)
        return expected

    def archive_or_back(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status in ("Approved", "Archived"):
            new = "Archived" if known.status == "Approved" else "Approved"
            if not self.change(actor, access, document, "archive", STATUS[new]):
                known.status = "Archived" if new == "Archived" else "Approved"

    def delete(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status in ("Approved", "Archived") and not self.change(
            actor, access, document, "delete", facts.DELETED
        ):
            known.status = "Deleted"

    def change(self, actor: Actor, access: Access, document: str, act: str, new: str) -> set[Reason]:
        """Ask for another status; the reasons why it is refused."""
        before = STATUS[self.model.documents[document].status]
        target = str(self.entry(document).get("id"))
        body = Update(self.patient, actor.professional, actor.structure).status(target, before, new).build()
        expected = self.model.refusals(actor, act, access, document)
        self.send("TD3.3", body, actor, access, expected)
        return expected

    def close(self, actor: Actor) -> None:
        expected = self.model.refusals(actor, "close", "normal")
        body = administrative.registration("TD1.4", self.patient)
        self.send("TD1.4", body, actor, "normal", expected)
        self.model.open &= bool(expected)

    def reopen(self) -> None:
        """By a physician; not for a minor, whose representative the request would have to name."""
        actor = BY_NAME["physician"]
        if self.model.minor:
            return
        expected = self.model.refusals(actor, "reopen", "normal")
        body = administrative.registration("TD1.2", self.patient)
        self.send("TD1.2", body, actor, "normal", expected)
        self.model.open |= not expected

    # -- what the patient and time do -----------------------------------------------------------------

    def choose(self, choice: acts.Choice, holder: str) -> None:
        key = {"structure" if holder in STRUCTURES else "professional": holder}
        if not self.act(lambda one: acts.choose(one, choice, **key)):
            return
        held = self.model.given.pop(holder, Given(None))
        if choice == "allow":
            self.model.given[holder] = Given(self.model.clock + DAYS, held.mt)
        elif choice == "forbid":
            self.model.given[holder] = Given(None)

    def oppose(self, access: Access, opposed: bool) -> None:
        field = "bris_de_glace" if access == "bris_de_glace" else "acces_urgence"
        if self.act(lambda one: acts.oppose(one, **{field: opposed})):
            (self.model.opposed.add if opposed else self.model.opposed.discard)(access)

    def patient_files(self) -> str | None:
        brought = Brought("Un mot du patient", "EXPPAT_1", "text/plain")
        entry: list[Any] = []
        if not self.act(lambda one: entry.append(acts.add(one, brought, b"bonjour"))):
            return None
        self.model.documents[entry[0].unique_id] = Document("", "", masked=False, type="EXPPAT_1")
        return str(entry[0].unique_id)

    def patient_masks_or_unmasks(self, document: str) -> None:
        known = self.model.documents[document]
        if known.status == "Approved" and not known.hidden:
            wanted = not known.masked
            if self.act(lambda one: acts.mask(one, document, masked=wanted)):
                known.masked = wanted

    def act(self, what: Any) -> bool:
        """Do what the patient does, which a closed DMP does not allow; says whether it was done."""
        session = sessions.find(self.store, self.name)
        try:
            with self.store.write() as db:
                what(acts.acting(session, db, self.patient))
        except UsageError:
            assert not self.model.open
            return False
        assert self.model.open
        return True

    def wait(self, days: int) -> None:
        self.model.clock += days
        with self.store.write() as db:
            session_settings.change(db, self.name, {"clock_offset_seconds": self.model.clock * 86400})

    # -- what always holds ----------------------------------------------------------------------------

    def compare(self) -> None:
        session = sessions.find(self.store, self.name)
        with self.store.read() as db:
            entries = documents.only_latest(documents.documents(db, self.name, self.patient))
            assert {one.unique_id: one.status.rpartition(":")[2] for one in entries} == {
                name: known.status for name, known in self.model.documents.items()
            }
            for representative in {False, self.model.minor}:
                acting = acts.acting(session, db, self.patient, representative=representative)
                seen = {one.unique_id for one in acts.seen(acting)}
                assert seen == self.model.shown_to_patient(representative=representative)

    def entry(self, document: str) -> Any:
        """The current version as the registry would give it, whoever asks."""
        with self.store.read() as db:
            [current] = documents.only_latest(documents.by_unique_id(db, self.name, "entry", [document]))
        return query_response([current], references=False).find(".//{*}ExtrinsicObject")


def agree(answer: Answered, expected: set[Reason], what: str) -> None:
    """The call was served when the model says so, or else refused with the code of one of its reasons."""
    found = codes(answer)
    assert served(answer) == (not expected), (what, expected, found, answer.errors)
    allowed = {code for reason in expected for code in CODES[reason]}
    assert served(answer) or found & allowed, (what, expected, found)


def served(answer: Answered) -> bool:
    """Did the call do what it asked?"""
    if answer.fault:
        return False
    acks = answer.all(".//hl7:acknowledgement/@typeCode")
    status = answer.all(".//hab:status/text()")
    registry = [str(one).rpartition(":")[2] for one in answer.all("descendant-or-self::*/@status")]
    if acks:
        return acks == ["AA"]
    return status == ["DMPOk"] if status else registry[0] == "Success"


def codes(answer: Answered) -> set[str]:
    """Every code by which the answer says no."""
    said = [
        answer.fault,
        *answer.codes,
        *administrative.problems(answer),
        *answer.all(".//hab:status/text()"),
    ]
    return {str(code).rpartition(":")[2] for code in said} - {"", "DMPOk"}


def told_holders(answer: Answered) -> dict[str, str]:
    """Key of the directory -> mode, as the list of TD1.6 tells it."""
    people = {one.ps_id: key for key, one in directory.professionals().items()}
    places = {one.struct_id: key for key, one in directory.structures().items()}
    found = {}
    for line in answer.all(".//hab:listOfAuthorizationByPatient"):
        own = {part.tag.rpartition("}")[2]: part.text or "" for part in line}
        mt = " MT" if own.get("specificRight") == "MEDECIN_TRAITANT" else ""
        found[(people | places)[own["nationalId"]]] = own["mode"] + mt
    return found
