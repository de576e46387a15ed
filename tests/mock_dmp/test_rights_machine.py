"""Random sequences of transactions against the mock and against a simple model of rights: they never differ."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from mock_dmp.dispatch import Dispatcher
from mock_dmp.render.ebrim import query_response
from mock_dmp.state import authorisations, documents, patients, sessions
from mock_dmp.state import settings as session_settings
from mock_dmp.state.engine import Store
from protocol import facts
from protocol.directory import Authorisation
from tests.mock_dmp import administrative
from tests.mock_dmp.builders import Answered, Lps, Who, authorisation, existence
from tests.mock_dmp.rights_model import ACTORS, DAYS, Access, Actor, Document, Given, Model
from tests.mock_dmp.submissions import Doc, Lot, find_documents, retrieve
from tests.mock_dmp.updating import Update

PATIENT = "actif-sans-autorisation"
ACTOR = st.sampled_from(ACTORS)
ACCESS: st.SearchStrategy[Access] = st.sampled_from(("normal", "normal", "bris_de_glace", "centre_15"))
MASKED = ("N", "MASQUE_PS")


class Rights(RuleBasedStateMachine):
    """One DMP, active and without any authorisation at first."""

    documents = Bundle("documents")

    @initialize()
    def begin(self) -> None:
        self.scratch = tempfile.TemporaryDirectory()
        self.store = Store(data_dir=Path(self.scratch.name))
        sessions.ensure_default(self.store)
        with self.store.write() as db:  # rights only: who signs is judged elsewhere
            session_settings.change(db, "default", {"VIHF-SIGNED-INDIRECT": "off"})
        self.lps = Lps(self.store, Dispatcher(self.store))
        self.model = Model()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.scratch.cleanup()

    # -- what is called -------------------------------------------------------------------------------

    def who(self, actor: Actor, access: Access) -> Who:
        reason = "Urgence vitale" if access == "bris_de_glace" else ""
        now = sessions.find(self.store, "default").now()
        return Who(actor.professional, actor.structure, actor.mode, PATIENT, access, reason, issued=now)

    def send(self, transaction: str, body: Any, actor: Actor, access: Access, parts: Any = None) -> Answered:
        return self.lps.send(transaction, body, self.who(actor, access), parts=parts)

    @rule(actor=ACTOR, access=ACCESS)
    def existence(self, actor: Actor, access: Access) -> None:
        answer = self.send("TD0.2", existence(PATIENT), actor, access)
        assert served(answer) == self.model.may(actor, "exist", access)
        if served(answer):
            line = "hl7:attentionLine[hl7:keyWordText/@code='{}']/hl7:value/@{}"
            assert answer.one(line.format("AUTORISATION", "code")) == self.model.state(actor)
            said = answer.one(line.format("STATUT_MT", "value"))
            assert (said == "true") == self.model.is_mt(actor)
            status = answer.one(".//hl7:patient/hl7:statusCode/@code")
            assert (status == "active") == self.model.open

    @rule(actor=ACTOR, access=ACCESS, mt=st.booleans())
    def authorise(self, actor: Actor, access: Access, mt: bool) -> None:
        role = "MEDECIN_TRAITANT" if mt else ""
        answer = self.send("TD0.3", authorisation("AJOUT", role), actor, access)
        expected = self.model.may(actor, "authorise mt" if mt else "authorise", access)
        assert served(answer) == expected
        if expected:
            self.note(actor, mt)

    def note(self, actor: Actor, mt: bool) -> None:
        """A valid authorisation stays as it is, and may only gain the role."""
        if self.model.valid(actor.holder):
            self.model.given[actor.holder].mt |= mt
        else:
            self.model.given[actor.holder] = Given(self.model.clock + DAYS, mt)

    @rule(actor=ACTOR, access=ACCESS, mt=st.booleans())
    def withdraw(self, actor: Actor, access: Access, mt: bool) -> None:
        role = "MEDECIN_TRAITANT" if mt else ""
        answer = self.send("TD0.3", authorisation("SUPPRESSION", role), actor, access)
        expected = self.model.may(actor, "cease mt" if mt else "withdraw", access)
        assert served(answer) == expected
        if not expected:
            return
        if mt:
            self.model.given[actor.holder].mt = False
        else:
            self.model.given.pop(actor.holder, None)

    @rule(target=documents, actor=ACTOR, access=ACCESS, masked=st.booleans())
    def feed(self, actor: Actor, access: Access, masked: bool) -> Any:
        doc = Doc(
            confidentiality=MASKED if masked else ("N",),
            professional=actor.professional,
            structure=actor.structure,
        )
        body, parts = Lot(patient=PATIENT, documents=(doc,), structure=actor.structure).build()
        answer = self.send("TD2.1", body, actor, access, parts)
        expected = self.model.may(actor, "feed", access)
        assert served(answer) == expected
        if not expected:
            return multiple()
        self.model.documents[doc.unique_id] = Document(actor.professional, actor.structure, masked)
        return doc.unique_id

    @rule(actor=ACTOR, access=ACCESS)
    def search(self, actor: Actor, access: Access) -> None:
        answer = self.send("TD3.1", find_documents(PATIENT), actor, access)
        expected = self.model.may(actor, "search", access)
        assert served(answer) == expected
        if expected:
            path = f".//rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']/@value"
            assert {str(one) for one in answer.all(path)} == self.model.sees(actor, access)

    @rule(actor=ACTOR, access=ACCESS, document=documents)
    def read(self, actor: Actor, access: Access, document: str) -> None:
        answer = self.send("TD3.2", retrieve(document), actor, access)
        expected = self.model.may(actor, "read", access, document)
        assert served(answer) == expected
        assert bool(answer.parts) == expected

    @rule(actor=ACTOR, access=ACCESS, document=documents)
    def mask_or_unmask(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status != "Approved":
            return
        codes = ("N",) if known.masked else MASKED
        update = Update(PATIENT, actor.professional, actor.structure).version(self.entry(document), *codes)
        answer = self.send("TD3.3", update.build(), actor, access)
        expected = self.model.may(actor, "unmask" if known.masked else "mask", access, document)
        assert served(answer) == expected
        if expected:
            known.masked = not known.masked

    @rule(actor=ACTOR, access=ACCESS, document=documents)
    def archive_or_back(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status == "Deleted":
            return
        new = "Archived" if known.status == "Approved" else "Approved"
        if self.change(actor, access, document, "archive", STATUS[new]):
            known.status = "Archived" if known.status == "Approved" else "Approved"

    @rule(actor=ACTOR, access=ACCESS, document=documents)
    def delete(self, actor: Actor, access: Access, document: str) -> None:
        known = self.model.documents[document]
        if known.status != "Deleted" and self.change(actor, access, document, "delete", facts.DELETED):
            known.status = "Deleted"

    def change(self, actor: Actor, access: Access, document: str, act: str, new: str) -> bool:
        """Change the status of a document; says whether it was done."""
        before = STATUS[self.model.documents[document].status]
        target = str(self.entry(document).get("id"))
        update = Update(PATIENT, actor.professional, actor.structure).status(target, before, new)
        answer = self.send("TD3.3", update.build(), actor, access)
        assert served(answer) == self.model.may(actor, act, access, document)
        return served(answer)

    @rule(actor=ACTOR)
    def close(self, actor: Actor) -> None:
        answer = self.send("TD1.4", administrative.registration("TD1.4", PATIENT), actor, "normal")
        expected = self.model.may(actor, "close", "normal")
        assert served(answer) == expected
        if expected:
            self.model.open = False

    @rule()
    def reopen(self) -> None:
        actor = ACTORS[0]
        answer = self.send("TD1.2", administrative.registration("TD1.2", PATIENT), actor, "normal")
        expected = self.model.may(actor, "reopen", "normal")
        assert served(answer) == expected
        self.model.open |= expected

    # -- what the patient and time do -----------------------------------------------------------------

    @rule(holder=st.sampled_from(["medecin", "infirmier", "medecin-hospitalier", "hopital", "cabinet"]))
    def forbid(self, holder: str) -> None:
        now = sessions.find(self.store, "default").now()
        key = {"structure": holder} if holder in ("hopital", "cabinet") else {"professional": holder}
        given = Authorisation(**{"professional": "", "structure": "", **key}, state="forbidden",
                              medecin_traitant=False, since=now, until=None)  # fmt: skip
        with self.store.write() as db:
            authorisations.save(db, "default", PATIENT, given, at=now)
        self.model.given[holder] = Given(None)

    @rule(holder=st.sampled_from(["medecin", "infirmier", "medecin-hospitalier", "hopital", "cabinet"]))
    def forgive(self, holder: str) -> None:
        key = {"structure": holder} if holder in ("hopital", "cabinet") else {"professional": holder}
        with self.store.write() as db:
            authorisations.remove(db, "default", PATIENT, **key)
        self.model.given.pop(holder, None)

    @rule(access=st.sampled_from(["bris_de_glace", "centre_15"]), opposed=st.booleans())
    def oppose(self, access: Access, opposed: bool) -> None:
        field = "opposition_bris_de_glace" if access == "bris_de_glace" else "opposition_acces_urgence"
        with self.store.write() as db:
            known = patients.by_key(db, "default", PATIENT)
            assert known is not None
            patients.save(db, "default", replace(known, dmp=replace(known.dmp, **{field: opposed})))
        (self.model.opposed.add if opposed else self.model.opposed.discard)(access)

    @rule(days=st.sampled_from([1, 100, 364, 366]))
    def wait(self, days: int) -> None:
        self.model.clock += days
        with self.store.write() as db:
            session_settings.change(db, "default", {"clock_offset_seconds": self.model.clock * 86400})

    # -- what always holds ----------------------------------------------------------------------------

    @invariant()
    def the_registry_holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as db:
            held = {
                one["unique_id"]: one["status"].rpartition(":")[2]
                for one in documents.summary(db, "default")
                if one["patient"] == PATIENT and not one["signature"] and "Deprecated" not in one["status"]
            }
        assert held == {name: known.status for name, known in self.model.documents.items()}

    def entry(self, document: str) -> Any:
        """The current version as the registry would give it, whoever asks."""
        with self.store.read() as db:
            versions = documents.by_unique_id(db, "default", "entry", [document])
        current = next(one for one in versions if one.status != facts.DEPRECATED)
        return query_response([current], references=False).find(".//{*}ExtrinsicObject")


STATUS = {"Approved": facts.APPROVED, "Archived": facts.ARCHIVED, "Deleted": facts.DELETED}


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


TestRights = Rights.TestCase
TestRights.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
