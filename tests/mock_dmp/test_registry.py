"""Handlers: every implemented transaction with a message has one, and no two claim the same."""

from __future__ import annotations

import pytest

from mock_dmp import registry
from mock_dmp.context import Call, Reply
from protocol import transactions
from protocol.errors import ToolError


def test_every_implemented_message_has_a_handler() -> None:
    expected = {item.id for item in transactions.load().implemented() if item.message == "soap"}
    assert set(registry.load()) == expected


def test_a_transaction_has_one_handler() -> None:
    def another(_: Call) -> Reply:
        raise NotImplementedError

    with pytest.raises(ToolError, match="MOCK-001"):
        registry.handler("TD0.2")(another)
