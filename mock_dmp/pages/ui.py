"""The live view, under /ui/."""

from __future__ import annotations

from mock_dmp.mounts import Wsgi, mount
from mock_dmp.state.engine import Store
from mock_dmp.ui import application


@mount("/ui/")
def site(store: Store) -> Wsgi:
    """The application of the live view over one store."""
    return application.create(store)
