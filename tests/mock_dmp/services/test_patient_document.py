"""What a patient files is as any other document to a software: listed, read, masked, and back as it was."""

from __future__ import annotations

from mock_dmp.patient import acts
from mock_dmp.patient.metadata import Brought
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import facts
from tests.mock_dmp.builders import Lps
from tests.mock_dmp.submissions import retrieve
from tests.mock_dmp.updating import MT, Update, codes_of, registered, status_of

P = "actif-autorise"


def test_a_software_masks_unmasks_and_archives_it(lps: Lps, store: Store) -> None:
    with store.write() as db:
        one = acts.acting(sessions.find(store, "default"), db, P)
        filed = acts.add(one, Brought("Mes allergies", "EXPPAT_1", "text/plain"), b"pollens").unique_id
    assert list(lps.send("TD3.2", retrieve(filed), MT.on(P)).parts.values()) == [b"pollens"]
    for codes in (("N", "MASQUE_PS"), ("N",)):
        update = Update(P, MT.professional).version(registered(lps, filed, P), *codes)
        answer = update.send(lps, MT)
        assert answer.xds == "Success", answer.errors
        assert codes_of(registered(lps, filed, P)) == list(codes)
    entry = registered(lps, filed, P)
    answer = (
        Update(P, MT.professional).status(str(entry.get("id")), facts.APPROVED, facts.ARCHIVED).send(lps, MT)
    )
    assert answer.xds == "Success", answer.errors
    assert status_of(registered(lps, filed, P)) == "Archived"
