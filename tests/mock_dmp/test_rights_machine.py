"""Random sequences of transactions against the mock and against a simple model of rights: they never differ.

DMPCOMPAT_RIGHTS_RUNS=500 plays that many sequences, other ones each time; without it the same few are played. Then
the mock is made wrong, one right at a time, and the same machine must see each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mock_dmp import rights
from mock_dmp.patient import acts
from mock_dmp.state import authorisations
from mock_dmp.state.engine import Store
from tests.mock_dmp.rights_machine import hasty, run

RUNS = int(os.environ.get("DMPCOMPAT_RIGHTS_RUNS") or 0)
#: Sequences among which a difference must show.
ENOUGH = 100


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(data_dir=Path(tmp_path_factory.mktemp("rights")))
    yield hasty(store)
    store.close()


def test_the_mock_and_the_model_never_differ(quick: Store) -> None:
    run(quick, runs=RUNS or 30, steps=25, derandomize=not RUNS)


@pytest.mark.parametrize(
    "changed",
    [
        {"defects": "closed-dmp-served"},
        {"defects": "blocked-professional-served"},
        {"defects": "no-authorisation-served"},
        {"defects": "matrix-ignored"},
        {"defects": "masked-leaked"},
        {"RIGHTS-OPPOSITION": "off"},
        {"RIGHTS-SECRET": "off"},
        {"UPDATE-RIGHTS": "off"},
        {"masked_in_emergency": False},
        {"document_type_matrix": False},
        {"es_may_authorise": True},
        {"alimentation_without_authorisation": False},
    ],
    ids=str,
)
def test_the_machine_sees_a_setting_that_changes_the_rights(quick: Store, changed: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        run(quick, runs=ENOUGH, steps=40, changed=changed, shrink=False)


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        pytest.param(rights, "is_author", lambda _entry, _caller: True, id="everybody is the author"),
        pytest.param(rights, "is_employee", lambda _caller: False, id="employees are professionals"),
        pytest.param(rights, "_STARRED", frozenset(), id="what the patient filed is as any other"),
        pytest.param(authorisations, "state_at", lambda given, _now: given.state, id="nothing expires"),
        pytest.param(acts, "visible_to_patient", lambda _entry, **_: True, id="nothing is hidden"),
    ],
)
def test_the_machine_sees_a_mistake_in_the_code(
    quick: Store, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, wrong: object
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        run(quick, runs=ENOUGH, steps=40, shrink=False)
