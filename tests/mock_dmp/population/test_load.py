"""Loading in bulk: into a session, again after an interruption, into files that data sets can be read from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mock_dmp.population import load, make
from mock_dmp.services import matching
from mock_dmp.state import authorisations, patients, sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.errors import ConfigError, UsageError
from protocol.patientrecord import read_patient
from protocol.pdq import Criteria
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

COUNT = 2500


def test_into_a_session_and_found_again(store: Store) -> None:
    several, heard = list(make.patients(COUNT, 7)), list[int]()
    assert load.into_session(store, "default", several, heard.append) == COUNT
    assert heard == [load.BATCH, COUNT]
    session = sessions.find(store, "default")
    one = next(item for item in several if item.dmp.status == "active" and item.authorisations)
    with store.read() as db:
        assert len(patients.every(db, "default")) == COUNT + len(directory.patients())
        assert set(authorisations.of_patient(db, "default", one.key)) == set(one.authorisations)
        asked = Criteria(one.family_birth, one.given[0], birth=one.birth_stamp, sex=one.sex)
        assert one.key in {item.patient for item in matching.candidates(db, session, asked)}


def test_again_adds_what_lacks(store: Store) -> None:
    assert load.into_session(store, "default", make.patients(30, 7)) == 30
    assert load.into_session(store, "default", make.patients(40, 7)) == 10
    assert load.into_session(store, "default", make.patients(40, 7)) == 0


def test_a_number_that_somebody_has_is_passed_over(store: Store) -> None:
    one = next(make.patients(1, 7))
    twin = replace(one, key="autre")
    assert load.into_session(store, "default", [one, twin]) == 1
    assert load.into_session(store, "default", [twin]) == 0
    with store.read() as db:
        found = patients.by_ins(db, "default", one.ins.number, one.ins.oid)
    assert found is not None and found.key == one.key


def test_an_unknown_session(store: Store) -> None:
    with pytest.raises(UsageError, match="SES-003"):
        load.into_session(store, "nulle-part", make.patients(1, 1))


def test_into_files_that_read_back(tmp_path: Path) -> None:
    several = list(make.patients(1200, 7))
    heard = list[int]()
    made = load.into_files(tmp_path / "out", several, heard.append)
    assert [path.name for path in made] == ["patients-0001.yaml", "patients-0002.yaml"]
    assert heard == [1000, 1200]
    read = []
    for path in made[1:]:
        document = read_yaml(path)
        read += Fields(document.data, document).each("patients", read_patient)
    assert read == several[1000:]


def test_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="GEN-002"):
        load.into_files(tmp_path, make.patients(1, 1))
    with pytest.raises(ConfigError, match="GEN-002"):
        load.into_files(tmp_path / "x", make.patients(1, 1))
