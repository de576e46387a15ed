"""Tells which metadata update is meant, where the message alone cannot: before the rights are judged.

A new version without MASQUE_PS unmasks a document (TD3.3a) or makes it visible (TD3.3b): only the version that
the registry holds tells. What can't be read keeps its first guess, and is refused later for what it lacks.
"""

from __future__ import annotations

from mock_dmp.context import Call
from mock_dmp.services.xds.changes import read_changes
from mock_dmp.services.xds.reading import read_submitted
from protocol import transactions
from protocol.errors import MetadataError
from protocol.transactions import Transaction


def refined(call: Call) -> Transaction:
    """The transaction of the call, told by the registry as it is now."""
    chosen = call.transaction
    if chosen.discriminator is None or chosen.discriminator.kind != "operation":
        return chosen
    try:
        sent = read_submitted(call.message)
    except MetadataError:
        return chosen
    with call.session.store.read() as db:
        operations = read_changes(sent, db, call.session.name).operations
    shared = [one for one in transactions.load().sharing(chosen.action) if one.implemented]
    for one in shared:
        if one.discriminator and operations & set(one.discriminator.values):
            return one
    return chosen
