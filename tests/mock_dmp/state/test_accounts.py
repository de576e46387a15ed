"""Internet accounts: seeded from the record, stable in a session, changed one channel at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection

from mock_dmp.state import accounts, patients, sessions
from mock_dmp.state.accounts import Account, Channel
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.errors import UsageError

WITH, WITHOUT = "actif-autorise", "actif-sans-autorisation"
MOBILE = Channel("SMS", "0611223344")
MAIL = Channel("EMAIL", "patiente@example.org")


@pytest.fixture
def db(store: Store) -> Iterator[Connection]:
    sessions.ensure_default(store)
    with store.write() as connection:
        yield connection


def held(db: Connection, patient: str = WITH) -> Account:
    found = accounts.find(db, "default", patient)
    assert found is not None
    return found


def test_a_patient_seeded_with_an_account_has_one_with_the_channels_of_its_record(db: Connection) -> None:
    seeded = held(db)
    told = directory.patients()[WITH].telecom
    assert {(one.type, one.value) for one in seeded.channels} == {
        ({"MC": "SMS", "MAIL": "EMAIL"}[item.use], item.value) for item in told if item.use in ("MC", "MAIL")
    }
    assert accounts.find(db, "default", WITHOUT) is None


def test_credentials_have_the_documented_shape_and_are_those_of_the_session(
    store: Store, db: Connection
) -> None:
    one = held(db)
    assert len(one.login) == len(one.password) == 8
    assert one.login.isalnum()
    assert one.password.isascii()
    assert one.password.isprintable()
    assert not one.password.isalnum()
    assert one.password not in repr(one)
    assert accounts.by_login(db, "default", one.login) == WITH
    assert accounts.by_login(db, "default", one.login.lower()) is None
    assert held(db) == one


def test_another_session_has_other_credentials(store: Store) -> None:
    sessions.ensure_default(store)
    sessions.create(store, "autre")
    with store.read() as db:
        here, there = held(db), accounts.find(db, "autre", WITH)
    assert there is not None
    assert (here.login, here.password) != (there.login, there.password)


def test_create_opens_the_account_once_and_tells_the_record(db: Connection) -> None:
    patient = patients.by_key(db, "default", WITHOUT)
    assert patient is not None
    made = accounts.create(db, "default", patient, MOBILE)
    assert made.channels == (MOBILE,)
    saved = patients.by_key(db, "default", WITHOUT)
    assert saved is not None
    assert saved.dmp.internet_account
    with pytest.raises(UsageError, match="ACC-001"):
        accounts.create(db, "default", saved, MAIL)
    accounts.close(db, "default", saved)
    assert accounts.find(db, "default", WITHOUT) is None
    closed = patients.by_key(db, "default", WITHOUT)
    assert closed is not None
    assert not closed.dmp.internet_account


def test_reissuing_changes_the_password_and_the_login_only_when_asked(db: Connection) -> None:
    first = held(db)
    second = accounts.reissue(db, "default", WITH)
    third = accounts.reissue(db, "default", WITH, new_login=True)
    assert second.login == first.login
    assert len({first.password, second.password, third.password}) == 3
    assert third.login != first.login
    assert accounts.by_login(db, "default", first.login) is None
    assert third.channels == first.channels


@pytest.mark.parametrize("act", [accounts.add, accounts.change, accounts.remove])
def test_without_an_account_there_is_nothing_to_change(db: Connection, act: object) -> None:
    with pytest.raises(UsageError, match="ACC-002"):
        act(db, "default", WITHOUT, MOBILE)  # type: ignore[operator]
    with pytest.raises(UsageError, match="ACC-002"):
        accounts.reissue(db, "default", WITHOUT)


def test_seeding_a_patient_again_forgets_what_was_done_to_its_account(db: Connection) -> None:
    accounts.add(db, "default", WITH, MOBILE)
    sessions.seed_patient(db, "default", directory.patients()[WITH])
    assert not held(db).has(MOBILE)
    record = directory.patients()[WITH]
    sessions.seed_patient(db, "default", replace(record, dmp=replace(record.dmp, internet_account=False)))
    assert accounts.find(db, "default", WITH) is None


def test_deleting_the_session_deletes_its_accounts(store: Store) -> None:
    sessions.ensure_default(store)
    sessions.create(store, "courte")
    sessions.remove(store, "courte")
    with store.read() as db:
        assert accounts.find(db, "courte", WITH) is None


@given(st.sampled_from(["06 11 22 33 44", "06.11.22.33.44", " 0611223344"]))
def test_a_number_is_the_same_however_it_is_spaced(written: str) -> None:
    assert Channel("SMS", written).same(MOBILE)
    assert not Channel("EMAIL", written).same(MOBILE)
    assert Channel("EMAIL", "Patiente@Example.org").same(MAIL)


class Channels(RuleBasedStateMachine):
    """The channels of one account against a list."""

    values = st.builds(
        Channel,
        st.sampled_from(["SMS", "EMAIL"]),
        st.sampled_from(["0611223344", "0711223344", "a@example.org", "b@example.org"]),
    )

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        sessions.ensure_default(self.store)
        with self.store.read() as db:
            self.model = list(held(db).channels)

    def _do(self, act: object, channel: Channel) -> bool:
        with self.store.write() as db:
            return bool(act(db, "default", WITH, channel))  # type: ignore[operator]

    @rule(channel=values)
    def add(self, channel: Channel) -> None:
        new = channel not in self.model
        assert self._do(accounts.add, channel) == new
        self.model += [channel] if new else []

    @rule(channel=values)
    def change(self, channel: Channel) -> None:
        there = any(one.type == channel.type for one in self.model)
        assert self._do(accounts.change, channel) == there
        if there:
            self.model = [*(one for one in self.model if one.type != channel.type), channel]

    @rule(channel=values)
    def remove(self, channel: Channel) -> None:
        assert self._do(accounts.remove, channel) == (channel in self.model)
        self.model = [one for one in self.model if one != channel]

    @invariant()
    def same(self) -> None:
        with self.store.read() as db:
            assert list(held(db).channels) == self.model

    def teardown(self) -> None:
        self.store.close()


Channels.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestChannels = Channels.TestCase
